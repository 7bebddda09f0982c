#include "api/openapi.h"

#include <memory>
#include <mutex>
#include <vector>

#include "ledger/base/check.h"
#include "ledger/base/json.h"
#include "ledger/base/limits.h"

namespace suanpan::api {
namespace {

constexpr std::string_view kProblemMembers =
    "type:string title:string status:integer detail?:string refusal:string number:integer "
    "instance?:string";

struct Member {
  std::string_view name, type;
  bool required = true;
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto at = text.find(separator);
    const auto part = text.substr(0, at);
    if (!part.empty()) parts.push_back(part);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
  }
  return parts;
}

std::vector<Member> members_of(std::string_view text) {
  std::vector<Member> members;
  for (const std::string_view part : split(text, ' ')) {
    const auto colon = part.find(':');
    CHECK_OR_DIE(colon != std::string_view::npos && colon > 0, "a member without a type: {}", part);
    Member member{part.substr(0, colon), part.substr(colon + 1)};
    if (member.name.back() == '?') {
      member.required = false;
      member.name.remove_suffix(1);
    }
    members.push_back(member);
  }
  return members;
}

std::string ref(std::string_view name) { return fmt::format("#/components/schemas/{}", name); }

void write_type(JsonWriter& out, std::string_view type) {
  constexpr std::string_view kNull = "|null";
  out.begin_object();
  if (type.starts_with('=')) {
    out.field("type", "string").key("enum").begin_array();
    for (const std::string_view word : split(type.substr(1), '|')) out.string(word);
    out.end_array();
  } else if (type.ends_with(kNull)) {
    out.key("anyOf").begin_array();
    write_type(out, type.substr(0, type.size() - kNull.size()));
    out.begin_object().field("type", "null").end_object().end_array();
  } else if (type.starts_with('[')) {
    CHECK_OR_DIE(type.ends_with(']'), "an array without its end: {}", type);
    out.field("type", "array").key("items");
    write_type(out, type.substr(1, type.size() - 2));
  } else if (type == "string" || type == "integer" || type == "boolean") {
    out.field("type", type);
    if (type == "integer") out.field("format", "int64");
  } else if (type == "date" || type == "date-time") {
    out.field("type", "string").field("format", type);
  } else if (type == "amount") {
    out.field("type", "integer").field("format", "int64").field("minimum", 1);
    out.field("maximum", kMaxAmountMinor).field("description", "minor units (分)");
  } else if (type == "account") {
    out.key("type").begin_array().string("string").string("integer").end_array();
    out.field("description", "an account's code or number");
  } else if (type != "any") {
    CHECK_OR_DIE(!type.empty() && type.front() >= 'A' && type.front() <= 'Z',
                 "no such type in a schema: {}", type);
    out.field("$ref", ref(type));
  }
  out.end_object();
}

void write_schema(JsonWriter& out, std::string_view text) {
  const std::vector<Member> members = members_of(text);
  out.begin_object().field("type", "object").field("additionalProperties", false);
  out.key("required").begin_array();
  for (const Member& member : members)
    if (member.required) out.string(member.name);
  out.end_array().key("properties").begin_object();
  for (const Member& member : members) {
    out.key(member.name);
    write_type(out, member.type);
  }
  out.end_object().end_object();
}

/// The names between braces, without the dots of a rest.
std::vector<std::string> variables_of(std::string_view pattern, std::string* path) {
  std::vector<std::string> names;
  for (const std::string_view segment : split(pattern, '/')) {
    if (!segment.starts_with('{')) {
      path->append("/").append(segment);
      continue;
    }
    std::string_view name = segment.substr(1, segment.size() - 2);
    if (name.ends_with("...")) name.remove_suffix(3);
    names.emplace_back(name);
    path->append("/{").append(name).append("}");
  }
  if (path->empty()) *path = "/";
  return names;
}

void write_parameter(JsonWriter& out, std::string_view in, const Member& member) {
  out.begin_object().field("name", member.name).field("in", in);
  out.field("required", member.required).key("schema");
  write_type(out, member.type);
  out.end_object();
}

void write_content(JsonWriter& out, std::string_view media, std::string_view schema) {
  out.key("content").begin_object().key(media).begin_object();
  if (!schema.empty()) {
    out.key("schema").begin_object().field("$ref", ref(schema)).end_object();
  }
  out.end_object().end_object();
}

void write_responses(JsonWriter& out, const RouteDoc& doc) {
  out.key("responses").begin_object();
  out.key(std::to_string(doc.status)).begin_object().field("description", "成功");
  write_content(out, doc.media, doc.answer);
  out.end_object();
  out.key("default").begin_object().field("description", "RFC 9457 problem document");
  write_content(out, "application/problem+json", "Problem");
  out.end_object().end_object();
}

void write_operation(JsonWriter& out, const Route& route,
                     const std::vector<std::string>& variables) {
  const RouteDoc& doc = route.doc;
  out.begin_object().field("summary", route.summary);
  out.key("parameters").begin_array();
  for (const std::string& name : variables) write_parameter(out, "path", Member{name, "string"});
  for (const Member& member : members_of(doc.query)) write_parameter(out, "query", member);
  if (route.writes && route.access == Access::kSigned)
    write_parameter(out, "header", Member{"Idempotency-Key", "string"});
  out.end_array();
  if (!doc.request.empty()) {
    out.key("requestBody").begin_object().field("required", doc.request != "Empty");
    write_content(out, "application/json", doc.request);
    out.end_object();
  } else if (!doc.request_media.empty()) {
    out.key("requestBody").begin_object().field("required", true);
    write_content(out, doc.request_media, "");
    out.end_object();
  }
  write_responses(out, doc);
  out.key("security").begin_array();
  if (route.access == Access::kSigned) {
    out.begin_object();
    for (const char* scheme : {"key", "timestamp", "nonce", "signature"})
      out.key(scheme).begin_array().end_array();
    out.end_object();
  }
  out.end_array();
  if (route.access == Access::kSigned) out.field("x-roles", route.allowed.text());
  out.end_object();
}

void write_components(JsonWriter& out, const Router& router) {
  out.key("components").begin_object().key("schemas").begin_object();
  for (const auto& [name, members] : router.schemas()) {
    out.key(name);
    write_schema(out, members);
  }
  out.key("Problem");
  write_schema(out, kProblemMembers);
  out.end_object().key("securitySchemes").begin_object();
  const std::pair<const char*, const char*> headers[] = {{"key", "Suanpan-Key"},
                                                         {"timestamp", "Suanpan-Timestamp"},
                                                         {"nonce", "Suanpan-Nonce"},
                                                         {"signature", "Suanpan-Signature"}};
  for (const auto& [name, header] : headers) {
    out.key(name).begin_object().field("type", "apiKey").field("in", "header");
    out.field("name", header).end_object();
  }
  out.end_object().end_object();
}

}  // namespace

std::string schema_of(std::string_view members) {
  JsonWriter out;
  write_schema(out, members);
  return out.take();
}

std::string openapi_document(const Router& router, std::string_view server_url) {
  struct Path {
    std::vector<std::string> variables;
    std::vector<const Route*> routes;
  };
  std::map<std::string, Path> paths;
  for (const Route& route : router.routes()) {
    std::string path;
    auto variables = variables_of(route.pattern, &path);
    Path& at = paths[path];
    at.variables = std::move(variables);
    at.routes.push_back(&route);
  }
  JsonWriter out;
  out.begin_object().field("openapi", "3.1.0");
  out.key("info").begin_object().field("title", "Suanpan 算盘").field("version", "1").end_object();
  if (!server_url.empty()) {
    out.key("servers").begin_array().begin_object().field("url", server_url);
    out.end_object().end_array();
  }
  out.key("paths").begin_object();
  for (const auto& [path, at] : paths) {
    out.key(path).begin_object();
    for (const Route* route : at.routes) {
      // A route of any method is documented as its clients call it.
      std::string method = route->method == "*" ? "post" : route->method;
      for (char& c : method) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
      out.key(method);
      write_operation(out, *route, at.variables);
    }
    out.end_object();
  }
  out.end_object();
  write_components(out, router);
  out.end_object();
  return out.take();
}

void add_openapi_route(Router& router, std::string server_url) {
  struct Document {
    std::once_flag once;
    std::string text;
  };
  auto document = std::make_shared<Document>();
  router.add({.method = "GET",
              .pattern = "/openapi.json",
              .access = Access::kOpen,
              .summary = "This description",
              .handle =
                  [document, &router, url = std::move(server_url)](Call call) {
                    std::call_once(document->once,
                                   [&] { document->text = openapi_document(router, url); });
                    HttpResponse response;
                    response.headers.set("Content-Type", "application/json");
                    response.body = document->text;
                    call.reply(std::move(response));
                  },
              .doc = {}});
}

}  // namespace suanpan::api
