// Statements: an account's entries with the balance after each, page by page.
//
// As of now, or of any sequence, recorded time or accounting date of the past: `balance` is what
// the account had then. As of a date means entries dated up to it, whenever they were recorded, in
// the order of the journal, which their balance_after follows.
//
// A cursor (query_cursor.h) pins the sequence that its first page saw: pages of one walk never show
// later entries. A page may be short and have one: only a page without a cursor is the last.
//
// Others book on one's accounts too: whose key does not reach the account on the other side is told
// that it is masked, and not its code.
#include "api/v1/body.h"
#include "api/v1/dated_balances.h"
#include "api/v1/ownership.h"
#include "api/v1/query_cursor.h"
#include "api/v1/routes.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::int64_t kMaxPage = 500;

void write_entry(JsonWriter& out, const State& state, const Reach& reach, const QueryHit& hit) {
  const StoredCommand& command = *hit.command;
  const Transfer& t = command.effects.transfers.at(hit.leg);
  const bool debit = hit.side == Side::kDebit;
  const Account* counter = state.account(debit ? t.credit : t.debit);
  out.begin_object()
      .field("seq", command.seq)
      .field("index", hit.leg)
      .field("side", debit ? "debit" : "credit")
      .field("amount", t.amount)
      .field("balance_after", hit.balance_after);
  if (counter && reach.has_account(counter->code))
    out.field("counter_account", counter->code);
  else
    out.field("counter_account_masked", true);
  out.field("accounting_date", command.effects.date.iso())
      .field("timestamp", command.timestamp.iso_cn())
      .field("voucher", command.key.hex())
      .field("voucher_no", command.voucher_no);
  if (const auto& text = command.effects.text) {
    if (!text->summary.empty()) out.field("summary", text->summary);
    if (!text->business_key.empty()) out.field("business_key", text->business_key);
  }
  out.end_object();
}

/// What a statement is asked for besides its account.
struct AsOf {
  std::optional<Date> date;
  std::optional<Timestamp> time;
};

void answer_page(const Book& book, DatedBalances& dated, Call& call, const Account& account,
                 suanpan::Query query, const AsOf& as_of, std::uint32_t asked) {
  if (as_of.time) {
    const auto seq = book.seq_at(*as_of.time);
    if (!seq) return refuse_call(call, seq.error());
    query.as_of_seq = seq.value();
  }
  const auto found = run_query(book, query);
  if (!found) return refuse_call(call, found.error());
  const QueryPage& page = found.value();
  const auto on_date = [&] { return book.balance_on(account.id, *as_of.date, page.as_of_seq); };
  const auto balance = as_of.date ? dated.of({account.id, *as_of.date, page.as_of_seq}, on_date)
                                  : book.balance_at(account.id, page.as_of_seq);
  if (!balance) return refuse_call(call, balance.error());
  JsonWriter out;
  out.begin_object().field("account", account.code).field("as_of_seq", page.as_of_seq);
  if (as_of.date) out.field("as_of_date", as_of.date->iso());
  if (page.archived_until != 0) out.field("archived_until", page.archived_until);
  out.field("balance", balance.value().posted(account.normal));
  out.key("entries").begin_array();
  book.read([&](const State& state, std::uint64_t) {
    for (const QueryHit& hit : page.hits) write_entry(out, state, *call.principal.reach, hit);
  });
  out.end_array().key("next_cursor");
  if (page.next)
    out.string(encode_cursor(asked, *page.next));
  else
    out.null();
  out.end_object();
  call.reply(json_response(200, out.take()));
}

void get(Services& services, const std::shared_ptr<DatedBalances>& dated, Call call) {
  v1::Query in(call);
  const std::string code = in.text("account");
  AsOf as_of;
  as_of.date = in.maybe_date("date");
  as_of.time = in.maybe_time("time");
  const auto seq = in.maybe_integer("seq", 0, INT64_MAX);
  if (as_of.date.has_value() + as_of.time.has_value() + seq.has_value() > 1)
    in.fail_at("date", "excludes \"time\" and \"seq\"");
  suanpan::Query query;
  query.of = QueryOf::kEntries;
  query.conditions.through_date = as_of.date;
  if (const auto order = in.maybe_text("order")) {
    query.newest_first = *order == "newest";
    if (!query.newest_first && *order != "oldest") in.fail_at("order", "has no such choice");
  }
  query.limit = static_cast<std::size_t>(in.maybe_integer("limit", 1, kMaxPage).value_or(100));
  if (seq) query.as_of_seq = static_cast<std::uint64_t>(*seq);
  const std::uint32_t asked = digest_of_query(call);
  query.cursor = read_cursor(in, asked);
  if (const auto& error = in.finish()) return refuse_call(call, *error);
  const auto account = account_of(services.book, call.principal, code);
  if (!account) return refuse_call(call, account.error());
  query.conditions.account = account.value().id;
  on_worker(services, std::move(call),
            [&book = services.book, dated, account = account.value(), query, as_of,
             asked](Call& to) { answer_page(book, *dated, to, account, query, as_of, asked); });
}

}  // namespace

void add_statement_routes(Router& router, Services& services) {
  router.describe("StatementEntry",
                  "seq:integer index:integer side:=debit|credit amount:integer "
                  "balance_after:integer counter_account?:string "
                  "counter_account_masked?:boolean accounting_date:date "
                  "timestamp:date-time voucher:string voucher_no:integer summary?:string "
                  "business_key?:string");
  router.describe("Statement",
                  "account:string as_of_seq:integer as_of_date?:date "
                  "archived_until?:integer balance:integer "
                  "entries:[StatementEntry] "
                  "next_cursor:string|null");
  router.add({.method = "GET",
              .pattern = "/v1/statements",
              .allowed = kReaders,
              .summary = "An account's entries with the balance after each, now or as of then; a "
                         "counter account that the key does not reach is masked",
              .handle = [&services, dated = std::make_shared<DatedBalances>()](
                            Call call) { get(services, dated, std::move(call)); },
              .doc = {.answer = "Statement",
                      .query = "account:string date?:date time?:date-time seq?:integer "
                               "order?:=oldest|newest cursor?:string limit?:integer"}});
}

}  // namespace suanpan::api::v1
