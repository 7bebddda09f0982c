// Accounts: opening, terms, look-up, balances.
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::string_view kAccount =
    "id:integer code:string name:string type:=asset|liability|equity|income|expense "
    "normal_side:=debit|credit currency:string limit:=none|not_below_zero|credit_line "
    "credit_line:integer frozen_in:boolean frozen_out:boolean closed:boolean hot:boolean "
    "version:integer balance:Balance";
constexpr std::string_view kBalance =
    "posted:integer available:integer debits_posted:integer credits_posted:integer "
    "debits_pending:integer credits_pending:integer debits_red:integer credits_red:integer";
constexpr std::string_view kTermsMembers =
    "limit?:=none|not_below_zero|credit_line credit_line?:integer frozen_in?:boolean "
    "frozen_out?:boolean closed?:boolean hot?:boolean ";

constexpr std::int64_t kMaxPage = 1000;

std::optional<Side> side_of(std::string_view name) {
  if (name == "debit") return Side::kDebit;
  if (name == "credit") return Side::kCredit;
  return std::nullopt;
}

std::string_view name_of_side(Side side) { return side == Side::kDebit ? "debit" : "credit"; }

void write_totals(JsonWriter& out, const Balance& balance, Side normal) {
  out.field("posted", balance.posted(normal))
      .field("available", balance.available(normal))
      .field("debits_posted", balance.debits_posted)
      .field("credits_posted", balance.credits_posted)
      .field("debits_pending", balance.debits_pending)
      .field("credits_pending", balance.credits_pending)
      .field("debits_red", balance.debits_red)
      .field("credits_red", balance.credits_red);
}

void write_account(JsonWriter& out, const Account& account, const Balance& balance) {
  out.begin_object()
      .field("id", account.id.value)
      .field("code", account.code)
      .field("name", account.name)
      .field("type", name_of(account.type))
      .field("normal_side", name_of_side(account.normal))
      .field("currency", code_of(account.currency))
      .field("limit", name_of(account.terms.limit))
      .field("credit_line", account.terms.credit_line)
      .field("frozen_in", account.terms.frozen_in)
      .field("frozen_out", account.terms.frozen_out)
      .field("closed", account.terms.closed)
      .field("hot", account.terms.hot)
      .field("version", account.version);
  out.key("balance").begin_object();
  write_totals(out, balance, account.normal);
  out.end_object().end_object();
}

/// The terms that a request names; the others stay as they are.
struct TermsPatch {
  std::optional<LimitKind> limit;
  std::optional<std::int64_t> credit_line;
  std::optional<bool> frozen_in, frozen_out, closed, hot;

  AccountTerms over(AccountTerms terms) const {
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
  void add_to(Content& content) const {
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
};

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

void open(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  OpenAccountRequest request;
  request.key = claim_of(call);
  request.code = in.text("code");
  request.name = in.text("name");
  const auto type = in.maybe_choice<AccountType>("type", account_type_of);
  if (!type) in.fail_at("type", "is missing");
  request.type = type.value_or(AccountType::kAsset);
  request.normal = in.maybe_choice<Side>("normal_side", side_of);
  request.currency = in.maybe_currency("currency");
  request.terms = read_terms(in).over({});
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  run(services, std::move(call), open_account(request),
      [code = request.code](const Answer& answer) {
        JsonWriter out;
        out.begin_object();
        write_receipt(out, answer);
        out.field("id", static_cast<std::int64_t>(std::stoll(answer.answer))).field("code", code);
        out.end_object();
        return json_response(201, out.take());
      });
}

/// Only what is named changes. The rest is taken from the account as it is when the command is
/// planned, so that a resend means the same whatever happened in between.
Command patch_command(const Call& call, std::string code, TermsPatch patch,
                      std::optional<std::uint32_t> expected_version) {
  Command command;
  command.key = claim_of(call);
  command.kind = CommandKind::kSetTerms;
  command.content = {{"code", code}};
  patch.add_to(command.content);
  if (expected_version)
    command.content.emplace_back("expected_version", std::to_string(*expected_version));
  command.plan = [key = command.key, code = std::move(code), patch, expected_version](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
    const Account* account = view.account(code);
    const AccountTerms before = account ? account->terms : AccountTerms{};
    const SetTermsRequest request{key, code, patch.over(before), expected_version};
    TRY(check_set_terms(request));
    TRY(auto changes, plan_set_terms(view, request, moment));
    changes.answer = std::to_string(changes.accounts.at(0).version);
    return changes;
  };
  return command;
}

void set_terms(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  const TermsPatch patch = read_terms(in);
  const auto version = in.maybe_integer("expected_version");
  if (version && (*version < 1 || *version > UINT32_MAX))
    in.fail_at("expected_version", "must be a version");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const std::string code = call.path.at("code");
  Command command =
      patch_command(call, code, patch,
                    version ? std::optional(static_cast<std::uint32_t>(*version)) : std::nullopt);
  run(services, std::move(call), std::move(command), [code](const Answer& answer) {
    JsonWriter out;
    out.begin_object();
    write_receipt(out, answer);
    out.field("code", code).field("version", static_cast<std::int64_t>(std::stoll(answer.answer)));
    out.end_object();
    return json_response(200, out.take());
  });
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  JsonWriter out;
  const bool found = services.book.read([&](const State& state, std::uint64_t) {
    const Account* account = state.account(call.path.at("code"));
    if (account) write_account(out, *account, state.balance(account->id));
    return account != nullptr;
  });
  if (!found) return refuse_call(call, refuse(RefusalCode::kAccountNotFound, call.path.at("code")));
  call.reply(json_response(200, out.take()));
}

// A page in order of numbers: accounts are never removed, so the cursor is the last number.
void list(Services& services, Call call) {
  Query query(call);
  const std::string prefix = query.maybe_text("prefix").value_or("");
  const auto after = query.maybe_integer("after", 0, UINT32_MAX).value_or(0);
  const auto limit = query.maybe_integer("limit", 1, kMaxPage).value_or(100);
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  JsonWriter out;
  out.begin_object().key("accounts").begin_array();
  std::int64_t count = 0, last = 0;
  bool more = false;
  const std::uint64_t seq = services.book.read([&](const State& state, std::uint64_t at) {
    for (std::size_t i = static_cast<std::size_t>(after); i < state.accounts().size(); ++i) {
      const Account& account = state.accounts()[i];
      if (!account.code.starts_with(prefix)) continue;
      if (count == limit) {
        more = true;
        break;
      }
      write_account(out, account, state.balance(account.id));
      last = account.id.value;
      ++count;
    }
    return at;
  });
  out.end_array().field("as_of_seq", seq).key("next_after");
  if (more)
    out.integer(last);
  else
    out.null();
  out.end_object();
  call.reply(json_response(200, out.take()));
}

void balance(Services& services, Call call) {
  Query query(call);
  const std::string code = query.text("account");
  const auto date = query.maybe_date("date");
  const auto time = query.maybe_time("time");
  const auto seq = query.maybe_integer("seq", 0, INT64_MAX);
  if (date.has_value() + time.has_value() + seq.has_value() > 1)
    query.fail_at("date", "excludes \"time\" and \"seq\"");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  std::optional<Account> account;
  Balance now;
  std::uint64_t at = 0;
  services.book.read([&](const State& state, std::uint64_t last) {
    at = last;
    const Account* found = state.account(code);
    if (!found) return;
    account = *found;
    now = state.balance(found->id);
  });
  if (!account) return refuse_call(call, refuse(RefusalCode::kAccountNotFound, code));
  const auto answer = [code, normal = account->normal, currency = account->currency, date](
                          const Call& to, const Balance& balance, std::uint64_t as_of) {
    JsonWriter out;
    out.begin_object().field("account", code).field("currency", code_of(currency));
    out.field("as_of_seq", as_of);
    if (date) out.field("as_of_date", date->iso());
    write_totals(out, balance, normal);
    out.end_object();
    to.reply(json_response(200, out.take()));
  };
  if (!date && !time && !seq) return answer(call, now, at);
  on_worker(services, std::move(call),
            [&book = services.book, id = account->id, date, time, seq, at, answer](Call& to) {
              std::uint64_t as_of = seq ? std::min(static_cast<std::uint64_t>(*seq), at) : at;
              if (time) {
                const auto found = book.seq_at(*time);
                if (!found) return refuse_call(to, found.error());
                as_of = std::min(found.value(), at);
              }
              const auto balance = date ? book.balance_on(id, *date) : book.balance_at(id, as_of);
              if (!balance) return refuse_call(to, balance.error());
              answer(to, balance.value(), as_of);
            });
}

}  // namespace

void add_account_routes(Router& router, Services& services) {
  router.describe("Account", std::string(kAccount));
  router.describe("Balance", std::string(kBalance));
  router.describe("OpenAccountRequest",
                  "code:string name:string type:=asset|liability|equity|income|expense "
                  "normal_side?:=debit|credit currency?:string " +
                      std::string(kTermsMembers));
  router.describe("AccountOpened", std::string(kReceipt) + "id:integer code:string");
  router.describe("SetTermsRequest", std::string(kTermsMembers) + "expected_version?:integer");
  router.describe("TermsSet", std::string(kReceipt) + "code:string version:integer");
  router.describe("AccountPage", "accounts:[Account] as_of_seq:integer next_after:integer|null");
  router.describe(
      "BalanceAnswer",
      "account:string currency:string as_of_seq:integer as_of_date?:date " + std::string(kBalance));
  router.add({.method = "POST",
              .pattern = "/v1/accounts",
              .allowed = {Role::kUpstream, Role::kMaker, Role::kOperator},
              .writes = true,
              .summary = "Opens an account",
              .handle = [&services](Call call) { open(services, std::move(call)); },
              .doc = {.request = "OpenAccountRequest", .answer = "AccountOpened", .status = 201}});
  router.add(
      {.method = "GET",
       .pattern = "/v1/accounts",
       .allowed = kReaders,
       .summary = "Lists accounts by the beginning of their code",
       .handle = [&services](Call call) { list(services, std::move(call)); },
       .doc = {.answer = "AccountPage", .query = "prefix?:string after?:integer limit?:integer"}});
  router.add({.method = "GET",
              .pattern = "/v1/accounts/{code...}",
              .allowed = kReaders,
              .summary = "An account with its present balance",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Account"}});
  router.add({.method = "PATCH",
              .pattern = "/v1/accounts/{code...}",
              .allowed = {Role::kChecker, Role::kOperator},
              .writes = true,
              .summary = "Changes limits, freezes or closes",
              .handle = [&services](Call call) { set_terms(services, std::move(call)); },
              .doc = {.request = "SetTermsRequest", .answer = "TermsSet"}});
  router.add({.method = "GET",
              .pattern = "/v1/balances",
              .allowed = kReaders,
              .summary = "A balance now, or as of a date, a time or a journal sequence",
              .handle = [&services](Call call) { balance(services, std::move(call)); },
              .doc = {.answer = "BalanceAnswer",
                      .query = "account:string date?:date time?:date-time seq?:integer"}});
}

}  // namespace suanpan::api::v1
