// The book and its days. One book so far; it is listed as one of many.
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"

namespace suanpan::api::v1 {
namespace {

void list(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  JsonWriter out;
  out.begin_object().key("books").begin_array();
  services.book.read([&](const State& state, std::uint64_t seq) {
    const BookState& book = state.book();
    out.begin_object()
        .field("id", "main")
        .field("accounting_date", book.accounting_date.iso())
        .field("closed_through", book.closed_through.iso())
        .field("currency", code_of(book.currency));
    // How many there are is no business of who has but some of them.
    if (call.principal.reach->all_accounts())
      out.field("accounts", static_cast<std::int64_t>(state.accounts().size()));
    out.field("last_seq", seq).end_object();
  });
  out.end_array().end_object();
  call.reply(json_response(200, out.take()));
}

HttpResponse receipt(const Answer& answer) {
  JsonWriter out;
  out.begin_object();
  write_receipt(out, answer);
  out.end_object();
  return json_response(200, out.take());
}

void cut(Services& services, Call call) {
  Body body(call);
  const Date next = body.root().date("next");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const ClaimKey key = claim_of(call);
  Command command = day_cut({key, next});
  // Days never go back, so a slip in the year would date all that follows: at most one day ahead.
  command.plan = [next, plan = std::move(command.plan), latest = services.business.now().date_cn()](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
    if (next > latest.plus_days(1)) return refuse(RefusalCode::kDateAhead, next.iso());
    return plan(view, moment);
  };
  run(services, std::move(call), std::move(command), receipt);
}

void close(Services& services, Call call) {
  Body body(call);
  const Date through = body.root().date("through");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const ClaimKey key = claim_of(call);
  run(services, std::move(call), period_close({key, through}), receipt);
}

}  // namespace

void add_book_routes(Router& router, Services& services) {
  router.describe("Book",
                  "id:string accounting_date:date closed_through:date currency:string "
                  "accounts?:integer last_seq:integer");
  router.describe("BookList", "books:[Book]");
  router.describe("Receipt", std::string(kReceipt));
  router.describe("DayCutRequest", "next:date");
  router.describe("PeriodCloseRequest", "through:date");
  router.add({.method = "GET",
              .pattern = "/v1/books",
              .allowed = kReaders,
              .summary =
                  "The books, their open day and how far they are closed; how many accounts, for "
                  "a key of the whole book",
              .handle = [&services](Call call) { list(services, std::move(call)); },
              .doc = {.answer = "BookList"}});
  router.add({.method = "POST",
              .pattern = "/v1/books/day-cut",
              .allowed = {Role::kOperator},
              .writes = true,
              .summary = "Moves the accounting date of new business forward (日切)",
              .handle = [&services](Call call) { cut(services, std::move(call)); },
              .doc = {.request = "DayCutRequest", .answer = "Receipt"}});
  router.add({.method = "POST",
              .pattern = "/v1/books/period-close",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Closes every day up to one: nothing is posted there any more (结账)",
              .handle = [&services](Call call) { close(services, std::move(call)); },
              .doc = {.request = "PeriodCloseRequest", .answer = "Receipt"}});
}

}  // namespace suanpan::api::v1
