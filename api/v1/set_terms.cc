#include "api/v1/set_terms.h"

#include "api/v1/authority.h"
#include "ledger/base/check.h"

namespace suanpan::api::v1 {
namespace {

/// How low the available balance may go: minor units, never above zero.
std::int64_t floor_of(const AccountTerms& terms) {
  switch (terms.limit) {
    case LimitKind::kNotBelowZero:
      return 0;
    case LimitKind::kCreditLine:
      return -terms.credit_line;
    case LimitKind::kNone:
      break;
  }
  return INT64_MIN;
}

void write_terms(JsonWriter& out, const AccountTerms& terms) {
  out.begin_object()
      .field("limit", name_of(terms.limit))
      .field("credit_line", terms.credit_line)
      .field("frozen_in", terms.frozen_in)
      .field("frozen_out", terms.frozen_out)
      .field("closed", terms.closed)
      .field("hot", terms.hot)
      .end_object();
}

void write_order(JsonWriter& out, const OutsideOrder& order) {
  if (!order.empty()) out.field("ordered_by", order.by).field("order_no", order.number);
}

AccountTerms terms_in(const JsonValue& body, std::string_view name) {
  const auto object = body.get(name);
  CHECK_OR_DIE(object, "a terms request has no {}", name);
  const auto limit = object.value().get_string("limit");
  const auto line = object.value().get_int64("credit_line");
  const auto kind = limit ? limit_kind_of(limit.value()) : std::nullopt;
  CHECK_OR_DIE(kind && line, "a terms request does not decode");
  const auto flag = [&](std::string_view member) {
    const auto value = object.value().find(member);
    return value && value->raw() == "true";
  };
  return {*kind, line.value(), flag("frozen_in"), flag("frozen_out"), flag("closed"), flag("hot")};
}

std::optional<std::uint32_t> read_expected_version(Fields& in) {
  const auto version = in.maybe_integer("expected_version");
  if (version && (*version < 1 || *version > UINT32_MAX))
    in.fail_at("expected_version", "must be a version");
  return version ? std::optional(static_cast<std::uint32_t>(*version)) : std::nullopt;
}

OutsideOrder read_order(Fields& in) {
  const auto part = [&](std::string_view name, std::size_t longest) {
    const auto text = in.maybe_text(name);
    if (text && (text->empty() || text->size() > longest))
      in.fail_at(name, fmt::format("must have 1 to {} bytes", longest));
    return text.value_or("");
  };
  OutsideOrder order{part("ordered_by", 128), part("order_no", 64)};
  if (order.by.empty() != order.number.empty())
    in.fail_at(order.by.empty() ? "ordered_by" : "order_no", "is missing: both are named or none");
  return order;
}

void add_to(Content& content, const OutsideOrder& order) {
  if (order.empty()) return;
  content.emplace_back("ordered_by", order.by);
  content.emplace_back("order_no", order.number);
}

/// Only what is named changes. The rest is taken from the account as it is when the command is
/// planned, so that a resend means the same whatever happened in between.
Command patch_command(const Call& call, std::string code, TermsPatch patch,
                      const OutsideOrder& order, std::optional<std::uint32_t> expected_version) {
  Command command;
  command.key = claim_of(call);
  command.kind = CommandKind::kSetTerms;
  command.content = {{"code", code}};
  patch.add_to(command.content);
  add_to(command.content, order);
  if (expected_version)
    command.content.emplace_back("expected_version", std::to_string(*expected_version));
  command.plan = [key = command.key, code = std::move(code), patch, expected_version](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
    const Account* account = view.account(code);
    const AccountTerms before = account ? account->terms : AccountTerms{};
    const SetTermsRequest request{key, code, patch.over(before), expected_version};
    TRY(check_set_terms(request));
    TRY(auto changes, plan_set_terms(view, request, moment));
    if (const auto member = loosened(before, request.terms); !member.empty())
      return refuse(RefusalCode::kSecondPersonNeeded,
                    fmt::format("{} would loosen {}: ask with POST /v1/account-terms, and another "
                                "key approves",
                                member, code));
    changes.answer = std::to_string(changes.accounts.at(0).version);
    return changes;
  };
  return command;
}

void tighten(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  const TermsPatch patch = read_terms(in);
  const OutsideOrder order = read_order(in);
  const auto version = read_expected_version(in);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const std::string code = call.path.at("code");
  Command command = patch_command(call, code, patch, order, version);
  run(services, std::move(call), std::move(command), [code](const Answer& answer) {
    JsonWriter out;
    out.begin_object();
    write_receipt(out, answer);
    out.field("code", code).field("version", static_cast<std::int64_t>(std::stoll(answer.answer)));
    out.end_object();
    return json_response(200, out.take());
  });
}

/// What was asked for, as the request keeps it: the terms before and after, and the version of the
/// account that had the former.
std::string encode_asked(const SetTermsRequest& request, const AccountTerms& before,
                         const OutsideOrder& order) {
  JsonWriter out;
  out.begin_object()
      .field("what", "terms")
      .field("subject", request.code)
      .field("version", *request.expected_version);
  write_order(out, order);
  out.key("before");
  write_terms(out, before);
  out.key("after");
  write_terms(out, request.terms);
  return out.end_object().take();
}

OutsideOrder order_in(const JsonValue& body) {
  const auto by = body.get_string("ordered_by");
  const auto number = body.get_string("order_no");
  return by && number ? OutsideOrder{by.value(), number.value()} : OutsideOrder{};
}

SetTermsRequest decode_asked(const JsonValue& body) {
  const auto code = body.get_string("subject");
  const auto version = body.get_int64("version");
  CHECK_OR_DIE(code && version, "a terms request is not whole");
  return {{}, code.value(), terms_in(body, "after"), static_cast<std::uint32_t>(version.value())};
}

void ask(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  SetTermsRequest request;
  request.code = in.text("code");
  const TermsPatch patch = read_terms(in);
  const OutsideOrder order = read_order(in);
  const auto expected = read_expected_version(in);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  std::optional<Account> account;
  services.book.read([&](const State& state, std::uint64_t) {
    if (const Account* found = state.account(request.code)) account = *found;
  });
  if (!account) return refuse_call(call, refuse(RefusalCode::kAccountNotFound, request.code));
  // What the checker is shown as "before" must be the terms of the version that is replaced.
  if (expected && *expected != account->version)
    return refuse_call(call, refuse(RefusalCode::kVersionConflict, request.code));
  request.terms = patch.over(account->terms);
  request.expected_version = expected.value_or(account->version);
  request.key = claim_of(call);
  if (const auto checked = check_set_terms(request); !checked)
    return refuse_call(call, checked.error());
  Proposal proposal;
  proposal.what = "terms";
  proposal.subject = request.code;
  proposal.asking.body = encode_asked(request, account->terms, order);
  patch.add_to(proposal.asking.content);
  add_to(proposal.asking.content, order);
  if (expected) proposal.asking.content.emplace_back("expected_version", std::to_string(*expected));
  proposal.asking.check = [request](const View& view, const Moment& moment) -> Planned<void> {
    TRY(plan_set_terms(view, request, moment));
    return success();
  };
  ask_authority(services, std::move(call), std::move(proposal));
}

}  // namespace

std::string_view loosened(const AccountTerms& before, const AccountTerms& after) {
  if (floor_of(after) < floor_of(before))
    return after.limit == before.limit ? "credit_line" : "limit";
  if (before.frozen_in && !after.frozen_in) return "frozen_in";
  if (before.frozen_out && !after.frozen_out) return "frozen_out";
  if (before.closed && !after.closed) return "closed";
  return {};
}

AccountTerms default_terms(AccountType type) {
  AccountTerms terms;
  if (type == AccountType::kLiability) terms.limit = LimitKind::kNotBelowZero;
  return terms;
}

AccountTerms TermsPatch::over(AccountTerms terms) const {
  terms.limit = limit.value_or(terms.limit);
  // A line goes with its kind of limit and ends with it.
  if (limit && *limit != LimitKind::kCreditLine) terms.credit_line = 0;
  terms.credit_line = credit_line.value_or(terms.credit_line);
  terms.frozen_in = frozen_in.value_or(terms.frozen_in);
  terms.frozen_out = frozen_out.value_or(terms.frozen_out);
  terms.closed = closed.value_or(terms.closed);
  terms.hot = hot.value_or(terms.hot);
  return terms;
}

void TermsPatch::add_to(Content& content) const {
  const auto flag = [&](const char* name, const std::optional<bool>& value) {
    if (value) content.emplace_back(name, *value ? "true" : "false");
  };
  if (limit) content.emplace_back("limit", name_of(*limit));
  if (credit_line) content.emplace_back("credit_line", std::to_string(*credit_line));
  flag("frozen_in", frozen_in);
  flag("frozen_out", frozen_out);
  flag("closed", closed);
  flag("hot", hot);
}

Result<OutsideOrder> outside_order_of(const Book& book, const ClaimKey& by) {
  TRY(const auto command, book.find(by));
  if (!command) return OutsideOrder{};
  const auto field = [&](std::string_view name) -> std::string {
    for (const auto& [key, value] : command->content)
      if (key == name) return value;
    return {};
  };
  if (command->kind == CommandKind::kSetTerms)
    return OutsideOrder{field("ordered_by"), field("order_no")};
  // An approval names the request, which says it.
  const auto request = find_approval(book, kAuthority, field("request"));
  if (!request) return OutsideOrder{};
  TRY(const auto document, JsonDocument::parse(request->body));
  return order_in(document.root());
}

TermsPatch read_terms(Fields& in) {
  TermsPatch patch;
  patch.limit = in.maybe_choice<LimitKind>("limit", limit_kind_of);
  patch.credit_line = in.maybe_integer("credit_line");
  patch.frozen_in = in.maybe_flag("frozen_in");
  patch.frozen_out = in.maybe_flag("frozen_out");
  patch.closed = in.maybe_flag("closed");
  patch.hot = in.maybe_flag("hot");
  return patch;
}

Planned<Effect> terms_effect(Services&, const JsonValue& body, const std::string&) {
  Effect effect;
  effect.plan = [request = decode_asked(body)](const View& view, const Moment& moment,
                                               const ClaimKey& by,
                                               ChangeSet& changes) -> Planned<void> {
    SetTermsRequest approved = request;
    approved.key = by;  // the history of the account's terms names the approval
    TRY(ChangeSet planned, plan_set_terms(view, approved, moment));
    changes.accounts = std::move(planned.accounts);
    for (Document& document : planned.documents) changes.documents.push_back(std::move(document));
    return success();
  };
  return effect;
}

void write_terms_proposal(JsonWriter& out, const Vault&, const JsonValue& body) {
  const SetTermsRequest request = decode_asked(body);
  out.begin_object().field("code", request.code).field("version", *request.expected_version);
  write_order(out, order_in(body));
  out.key("before");
  write_terms(out, terms_in(body, "before"));
  out.key("after");
  write_terms(out, request.terms);
  out.end_object();
}

void describe_terms(Router& router) {
  router.describe("Terms",
                  "limit:=none|not_below_zero|credit_line credit_line:integer frozen_in:boolean "
                  "frozen_out:boolean closed:boolean hot:boolean");
  router.describe("TermsProposal",
                  "code:string version:integer ordered_by?:string order_no?:string before:Terms "
                  "after:Terms");
}

void add_terms_routes(Router& router, Services& services) {
  describe_authority(router);
  const std::string members =
      std::string(kTermsMembers) + "ordered_by?:string order_no?:string expected_version?:integer";
  router.describe("SetTermsRequest", members);
  router.describe("AskTermsRequest", "code:string " + members);
  router.describe("TermsSet", std::string(kReceipt) + "code:string version:integer");
  router.add({.method = "PATCH",
              .pattern = "/v1/accounts/{code...}",
              .allowed = {Role::kChecker, Role::kOperator},
              .writes = true,
              .summary = "Holds an account tighter, at once: lowers a limit, freezes, closes",
              .handle = [&services](Call call) { tighten(services, std::move(call)); },
              .doc = {.request = "SetTermsRequest", .answer = "TermsSet"}});
  router.add({.method = "POST",
              .pattern = "/v1/account-terms",
              .allowed = {Role::kOperator},
              .writes = true,
              .summary = "Asks to change an account's terms, which a checker approves: the way to "
                         "raise a credit line or lift a freeze",
              .handle = [&services](Call call) { ask(services, std::move(call)); },
              .doc = {.request = "AskTermsRequest", .answer = "Requested", .status = 201}});
}

}  // namespace suanpan::api::v1
