#include "api/router.h"

#include "ledger/base/check.h"

namespace suanpan::api {
namespace {

constexpr std::string_view kRest = "...}";

// Matches segment by segment; a variable takes one non-empty segment, percent-decoded.
bool match_pattern(std::string_view pattern, std::string_view path,
                   std::map<std::string, std::string, std::less<>>& variables) {
  while (!pattern.empty()) {
    if (path.empty()) return false;
    if (pattern.front() != '/' || path.front() != '/') return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const std::string_view want = pattern.substr(0, pattern.find('/'));
    const bool rest = want.ends_with(kRest);
    const std::string_view have = rest ? path : path.substr(0, path.find('/'));
    if (want.starts_with('{')) {
      const auto decoded = percent_decode(have, false);
      if (!decoded || decoded->empty()) return false;
      const std::size_t trim = rest ? kRest.size() : 1;
      variables.emplace(want.substr(1, want.size() - 1 - trim), *decoded);
    } else if (want != have) {
      return false;
    }
    pattern.remove_prefix(want.size());
    path.remove_prefix(have.size());
  }
  return path.empty();
}

}  // namespace

void Router::describe(std::string name, std::string members) {
  const auto [at, fresh] = schemas_.emplace(std::move(name), members);
  CHECK_OR_DIE(fresh || at->second == members, "schema {} is described twice", at->first);
}

std::string Router::allowed_methods(std::string_view path) const {
  std::string methods;
  for (const Route& route : routes_) {
    std::map<std::string, std::string, std::less<>> variables;
    if (!match_pattern(route.pattern, path, variables)) continue;
    if (methods.find(route.method) != std::string::npos) continue;
    if (!methods.empty()) methods += ", ";
    methods += route.method;
  }
  return methods;
}

void Router::add(Route route) { routes_.push_back(std::move(route)); }

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match result;
  for (const Route& route : routes_) {
    std::map<std::string, std::string, std::less<>> variables;
    if (!match_pattern(route.pattern, path, variables)) continue;
    result.path_known = true;
    const bool head = method == "HEAD" && route.method == "GET";
    if (route.method != "*" && route.method != method && !head) continue;
    result.route = &route;
    result.path = std::move(variables);
    return result;
  }
  return result;
}

}  // namespace suanpan::api
