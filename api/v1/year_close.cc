// A year's end (年结): asked for by one person, begun or rejected by another, told as it stands.
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/long_call.h"
#include "api/v1/routes.h"
#include "ledger/engine/close_year.h"

namespace suanpan::api::v1 {
namespace {

std::int32_t read_year(Fields& in) {
  return static_cast<std::int32_t>(in.integer_in("year", 1900, 2999));
}

void request(Services& services, Call call) {
  Body body(call);
  RequestYearClose request;
  request.year = read_year(body.root());
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  request.key = claim_of(call);
  request.maker = call.principal.key_id;
  run(services, std::move(call), request_year_close(request),
      [year = request.year](const Answer& answer) {
        JsonWriter out;
        out.begin_object();
        write_receipt(out, answer);
        out.field("year", std::int64_t{year}).end_object();
        return json_response(201, out.take());
      });
}

void reject(Services& services, Call call) {
  Body body(call);
  RejectYearClose request;
  request.year = read_year(body.root());
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  request.key = claim_of(call);
  request.person = call.principal.key_id;
  request.checks = call.principal.roles.has(Role::kChecker);
  run(services, std::move(call), reject_year_close(request),
      [year = request.year](const Answer& answer) {
        JsonWriter out;
        out.begin_object();
        write_receipt(out, answer);
        out.field("year", std::int64_t{year}).field("state", "rejected").end_object();
        return json_response(200, out.take());
      });
}

void approve(Services& services, Call call) {
  Body body(call);
  const std::int32_t year = read_year(body.root());
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  run_long_here(services, std::move(call), {"year_close", {{"year", std::to_string(year)}}},
                [&services, year](Call& on, const ClaimNow& claim) {
                  if (!claim()) return LongOutcome{};
                  const auto closed = close_year(services.book, year, on.principal.key_id);
                  if (!closed) return LongOutcome::failed(closed.error());
                  const YearCloseOutcome& outcome = closed.value();
                  if (outcome.refusal.code != RefusalCode::kNone)
                    return LongOutcome::refused(outcome.refusal);
                  JsonWriter out;
                  out.begin_object()
                      .field("year", std::int64_t{year})
                      .field("vouchers", std::int64_t{outcome.vouchers})
                      .end_object();
                  return LongOutcome::accepted(out.take());
                });
}

void get(Services& services, Call call) {
  Query query(call);
  const auto year = query.maybe_integer("year", 1900, 2999);
  if (!year) query.fail_at("year", "is missing");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  const auto key = year_close_key(static_cast<std::int32_t>(*year));
  const DocumentPtr stored = services.book.document(DocumentKind::kYearClose, key);
  const auto close = stored ? decode_year_close(stored->bytes) : std::nullopt;
  if (!close) return refuse_call(call, refuse(RefusalCode::kDocumentNotFound, key));
  JsonWriter out;
  out.begin_object()
      .field("year", *year)
      .field("state", name_of(close->state))
      .field("maker", close->maker)
      .field("checker", close->checker)
      .field("vouchers", std::int64_t{close->vouchers})
      .end_object();
  call.reply(json_response(200, out.take()));
}

}  // namespace

void add_year_close_routes(Router& router, Services& services) {
  router.describe("YearCloseRequest", "year:integer");
  router.describe("YearCloseRequested", std::string(kReceipt) + "year:integer");
  router.describe("YearCloseRejected", std::string(kReceipt) + "year:integer state:=rejected");
  router.describe("YearClosed", "year:integer vouchers:integer");
  router.describe(
      "YearClose",
      "year:integer state:=requested|carrying|closed|rejected maker:string checker:string "
      "vouchers:integer");
  router.add(
      {.method = "POST",
       .pattern = "/v1/books/year-close",
       .allowed = {Role::kMaker},
       .writes = true,
       .summary = "Asks to close a year that is over (年结)",
       .handle = [&services](Call call) { request(services, std::move(call)); },
       .doc = {.request = "YearCloseRequest", .answer = "YearCloseRequested", .status = 201}});
  router.add({.method = "POST",
              .pattern = "/v1/books/year-close/approve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Closes a year that somebody else asked to close: its days, then income "
                         "and expense are carried forward (结转损益); called again, it goes on",
              .handle = [&services](Call call) { approve(services, std::move(call)); },
              .doc = {.request = "YearCloseRequest", .answer = "YearClosed"}});
  router.add({.method = "POST",
              .pattern = "/v1/books/year-close/reject",
              .allowed = {Role::kMaker, Role::kChecker},
              .writes = true,
              .summary = "Rejects a request that nobody has begun, or takes one's own back; it may "
                         "be asked for anew",
              .handle = [&services](Call call) { reject(services, std::move(call)); },
              .doc = {.request = "YearCloseRequest", .answer = "YearCloseRejected"}});
  router.add({.method = "GET",
              .pattern = "/v1/books/year-close",
              .allowed = kHouse,
              .summary = "How far a year's end has come",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "YearClose", .query = "year:integer"}});
}

}  // namespace suanpan::api::v1
