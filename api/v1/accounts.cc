// Accounts: opening, look-up, balances. Their terms: set_terms.h.
#include "api/v1/ownership.h"
#include "api/v1/set_terms.h"
#include "ledger/core/chart.h"

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
constexpr std::int64_t kMaxPage = 1000;
constexpr std::size_t kAccountsAtOnce = 2'000;   // looked at in one reading of the book
constexpr std::size_t kAccountsOfPage = 50'000;  // looked at for one page

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
      .field("normal_side", name_of(account.normal))
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

bool has_enforced_chart(const View& view) {
  const DocumentPtr stored = view.document(DocumentKind::kChart, kChartKey);
  const auto chart = stored ? decode_chart(stored->bytes) : std::nullopt;
  return chart && chart->enforced;
}

/// What lets an account go lower than its type does takes two people (set_terms.h). Under a chart
/// that is enforced the subject says type and side. Where none does, a liability on the debit side
/// would have no floor, and an account of another type would give whoever has but a part of the
/// book a source to draw upon: those are opened by the house, and the former not at all.
Planned<void> check_opening(const View& view, const OpenAccountRequest& request, bool whole_book) {
  const AccountTerms usual = default_terms(request.type);
  if (const auto member = loosened(usual, request.terms); !member.empty())
    return refuse(RefusalCode::kSecondPersonNeeded,
                  fmt::format("{} is looser than an account of its type has: open it without, then "
                              "ask with POST /v1/account-terms, and another key approves",
                              member));
  if (has_enforced_chart(view)) return success();
  const bool liability = request.type == AccountType::kLiability;
  if (liability && request.normal == Side::kDebit)
    return refuse(RefusalCode::kSecondPersonNeeded,
                  "normal_side: a liability on the debit side has no floor; a chart must name it");
  if (!liability && !whole_book)
    return refuse(RefusalCode::kSecondPersonNeeded,
                  "type: a key with a part of the book opens liabilities there");
  return success();
}

Command open_command(const OpenAccountRequest& request, bool whole_book) {
  Command command = open_account(request);
  command.plan = [plan = std::move(command.plan), request, whole_book](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
    TRY(auto changes, plan(view, moment));
    TRY(check_opening(view, request, whole_book));
    return changes;
  };
  return command;
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
  request.terms = read_terms(in).over(default_terms(request.type));
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  if (const auto ours = check_account(call.principal, request.code); !ours)
    return refuse_call(call, ours.error());
  Command command = open_command(request, call.principal.reach->all_accounts());
  run(services, std::move(call), std::move(command), [code = request.code](const Answer& answer) {
    JsonWriter out;
    out.begin_object();
    write_receipt(out, answer);
    out.field("id", static_cast<std::int64_t>(std::stoll(answer.answer))).field("code", code);
    out.end_object();
    return json_response(201, out.take());
  });
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  const std::string& code = call.path.at("code");
  if (const auto ours = check_account(call.principal, code); !ours)
    return refuse_call(call, ours.error());
  JsonWriter out;
  const bool found = services.book.read([&](const State& state, std::uint64_t) {
    const Account* account = state.account(code);
    if (account) write_account(out, *account, state.balance(account->id));
    return account != nullptr;
  });
  if (!found) return refuse_call(call, refuse(RefusalCode::kAccountNotFound, code));
  call.reply(json_response(200, out.take()));
}

struct AccountsAsked {
  std::string prefix;
  std::size_t after = 0;
  std::size_t limit = 0;
};

struct AccountsFound {
  std::vector<AccountId> ids;
  std::size_t last = 0;  ///< everything up to this number was looked at
  bool more = false;     ///< beyond it there is, or may be, another one
};

/// By numbers, which are given in order and never again; codes never change. The book is let go in
/// between, so that publishing waits for a few accounts only.
AccountsFound find_accounts(const Book& book, const Reach& reach, const AccountsAsked& asked) {
  AccountsFound found;
  std::size_t& at = found.last = asked.after;
  for (bool over = false; !over && !found.more;) {
    book.read([&](const State& state, std::uint64_t) {
      const auto& accounts = state.accounts();
      const std::size_t end = std::min(accounts.size(), at + kAccountsAtOnce);
      for (; at < end; ++at) {
        const std::string& code = accounts[at].code;
        if (!code.starts_with(asked.prefix) || !reach.has_account(code)) continue;
        found.more = found.ids.size() == asked.limit;
        if (found.more) return;
        found.ids.push_back(accounts[at].id);
      }
      over = at >= accounts.size();
    });
    if (!over && at - asked.after >= kAccountsOfPage) found.more = true;
  }
  return found;
}

void answer_list(const Book& book, Call& call, const AccountsAsked& asked) {
  const AccountsFound found = find_accounts(book, *call.principal.reach, asked);
  std::vector<std::pair<Account, Balance>> page;
  page.reserve(found.ids.size());
  const std::uint64_t seq = book.read([&](const State& state, std::uint64_t last) {
    for (const AccountId id : found.ids) page.emplace_back(*state.account(id), state.balance(id));
    return last;
  });
  JsonWriter out;
  out.begin_object().key("accounts").begin_array();
  for (const auto& [account, balance] : page) write_account(out, account, balance);
  out.end_array().field("as_of_seq", seq).key("next_after");
  if (found.more)
    out.integer(static_cast<std::int64_t>(found.last));
  else
    out.null();
  out.end_object();
  call.reply(json_response(200, out.take()));
}

// A page in order of numbers: accounts are never removed, so the cursor is the last number. It is
// short, even empty, when many others lie between.
void list(Services& services, Call call) {
  Query query(call);
  AccountsAsked asked;
  asked.prefix = query.maybe_text("prefix").value_or("");
  asked.after = static_cast<std::size_t>(query.maybe_integer("after", 0, UINT32_MAX).value_or(0));
  asked.limit = static_cast<std::size_t>(query.maybe_integer("limit", 1, kMaxPage).value_or(100));
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call),
            [&book = services.book, asked](Call& on) { answer_list(book, on, asked); });
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
  const auto account = account_of(services.book, call.principal, code);
  if (!account) return refuse_call(call, account.error());
  Balance now;
  const std::uint64_t at = services.book.read([&](const State& state, std::uint64_t last) {
    now = state.balance(account.value().id);
    return last;
  });
  const auto answer = [code, normal = account.value().normal, currency = account.value().currency,
                       date](const Call& to, const Balance& balance, std::uint64_t as_of) {
    JsonWriter out;
    out.begin_object().field("account", code).field("currency", code_of(currency));
    out.field("as_of_seq", as_of);
    if (date) out.field("as_of_date", date->iso());
    write_totals(out, balance, normal);
    out.end_object();
    to.reply(json_response(200, out.take()));
  };
  if (!date && !time && !seq) return answer(call, now, at);
  on_worker(
      services, std::move(call),
      [&book = services.book, id = account.value().id, date, time, seq, at, answer](Call& to) {
        std::uint64_t as_of = seq ? std::min(static_cast<std::uint64_t>(*seq), at) : at;
        if (time) {
          const auto found = book.seq_at(*time);
          if (!found) return refuse_call(to, found.error());
          as_of = std::min(found.value(), at);
        }
        const auto balance = date ? book.balance_on(id, *date, at) : book.balance_at(id, as_of);
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
  router.describe("AccountPage", "accounts:[Account] as_of_seq:integer next_after:integer|null");
  router.describe(
      "BalanceAnswer",
      "account:string currency:string as_of_seq:integer as_of_date?:date " + std::string(kBalance));
  router.add({.method = "POST",
              .pattern = "/v1/accounts",
              .allowed = {Role::kUpstream, Role::kMaker, Role::kOperator},
              .writes = true,
              .summary = "Opens an account with the terms of its type, or tighter ones",
              .handle = [&services](Call call) { open(services, std::move(call)); },
              .doc = {.request = "OpenAccountRequest", .answer = "AccountOpened", .status = 201}});
  router.add(
      {.method = "GET",
       .pattern = "/v1/accounts",
       .allowed = kReaders,
       .summary = "Lists accounts by the beginning of their code; a page may be short, even empty, "
                  "and only one without next_after is the last",
       .handle = [&services](Call call) { list(services, std::move(call)); },
       .doc = {.answer = "AccountPage", .query = "prefix?:string after?:integer limit?:integer"}});
  router.add({.method = "GET",
              .pattern = "/v1/accounts/{code...}",
              .allowed = kReaders,
              .summary = "An account with its present balance",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Account"}});
  add_terms_routes(router, services);
  router.add({.method = "GET",
              .pattern = "/v1/balances",
              .allowed = kReaders,
              .summary = "A balance now, or as of a date, a time or a journal sequence",
              .handle = [&services](Call call) { balance(services, std::move(call)); },
              .doc = {.answer = "BalanceAnswer",
                      .query = "account:string date?:date time?:date-time seq?:integer"}});
}

}  // namespace suanpan::api::v1
