// The trial balance (科目余额表) of a day or a span of days.
#include "ledger/engine/trial_balance.h"

#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"

namespace suanpan::api::v1 {
namespace {

void write_amounts(JsonWriter& out, const TrialBalanceAmounts& amounts) {
  out.field("opening", amounts.opening)
      .field("debit_turnover", amounts.debit_turnover)
      .field("credit_turnover", amounts.credit_turnover)
      .field("closing", amounts.closing);
}

void get(Services& services, Call call) {
  Query query(call);
  const auto date = query.maybe_date("date");
  const auto from = query.maybe_date("from");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, date, from](Call& on) {
    const Date through = date.value_or(services.book.read(
        [](const State& state, std::uint64_t) { return state.book().accounting_date; }));
    const auto made = trial_balance(services.book, from.value_or(through), through);
    if (!made) return refuse_call(on, made.error());
    const TrialBalance& balance = made.value();
    JsonWriter out;
    out.begin_object()
        .field("from", balance.from.iso())
        .field("through", balance.through.iso())
        .field("as_of_seq", balance.seq)
        .field("balanced", balance.balanced());
    // The two sums that a clerk compares, in the book's own currency.
    const Currency own =
        services.book.read([](const State& state, std::uint64_t) { return state.book().currency; });
    TrialBalanceAmounts total;
    for (const auto& [currency, amounts] : balance.totals)
      if (currency == own) total = amounts;
    out.field("debit_total", total.debit_turnover).field("credit_total", total.credit_turnover);
    out.key("totals").begin_array();
    for (const auto& [currency, amounts] : balance.totals) {
      out.begin_object().field("currency", code_of(currency));
      write_amounts(out, amounts);
      out.end_object();
    }
    out.end_array().key("rows").begin_array();
    for (const TrialBalanceRow& row : balance.rows) {
      out.begin_object()
          .field("code", row.code)
          .field("name", row.name)
          .field("currency", code_of(row.currency))
          .field("type", name_of(row.type))
          .field("level", row.level)
          .field("leaf", row.leaf);
      write_amounts(out, row.amounts);
      out.end_object();
    }
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_trial_balance_routes(Router& router, Services& services) {
  const std::string amounts =
      "opening:integer debit_turnover:integer credit_turnover:integer closing:integer";
  router.describe("TrialBalanceTotal", "currency:string " + amounts);
  router.describe("TrialBalanceRow",
                  "code:string name:string currency:string "
                  "type:=asset|liability|equity|income|expense level:integer leaf:boolean " +
                      amounts);
  router.describe("TrialBalance",
                  "from:date through:date as_of_seq:integer balanced:boolean "
                  "debit_total:integer credit_total:integer "
                  "totals:[TrialBalanceTotal] rows:[TrialBalanceRow]");
  router.add({.method = "GET",
              .pattern = "/v1/trial-balance",
              .allowed = kHouse,
              .summary = "The trial balance of a day, or from one day to it",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "TrialBalance", .query = "date?:date from?:date"}});
}

}  // namespace suanpan::api::v1
