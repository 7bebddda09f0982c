// A batch of vouchers as fixed records (voucher_records.h), an answer record for each.
#include "api/metrics.h"
#include "api/v1/answer.h"
#include "api/v1/routes.h"
#include "api/v1/voucher_records.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::size_t kInlineItems = 256;  ///< more answers are written on a worker

/// A batch on its way: who asked, and what was refused before anything was journalled.
struct RecordBatch {
  Metrics& metrics;
  Call call;
  std::size_t items = 0;
  std::vector<std::pair<std::size_t, Answer>> refused;  ///< by place, rising
};

// Accounts are numbered without a gap and never go away.
bool is_account(AccountId id, std::uint32_t count) { return id.value >= 1 && id.value <= count; }

/// Why nothing is journalled for a voucher whose account is not there, or is not the key's; the
/// same call may succeed once it is open. What is malformed is refused first, as everywhere.
std::optional<Refusal> unknown_account(const VoucherRequest& voucher, std::uint32_t count,
                                       const Reach::Numbers& reach) {
  const Leg& leg = voucher.legs.front();
  const auto fits = [&](AccountId id) { return is_account(id, count) && reach.has(id); };
  if (fits(leg.debit) && fits(leg.credit)) return std::nullopt;
  if (const auto checked = check_voucher(voucher); !checked) return checked.error();
  const auto why = [&](AccountId id, RefusalCode not_found) -> std::optional<Refusal> {
    if (fits(id)) return std::nullopt;
    return refuse(reach.has(id) ? not_found : RefusalCode::kNotAuthorised,
                  std::to_string(id.value));
  };
  if (auto refusal = why(leg.debit, RefusalCode::kDebitAccountNotFound)) return refusal;
  return why(leg.credit, RefusalCode::kCreditAccountNotFound);
}

void answer_batch(const RecordBatch& batch, const Book::Answers& posted) {
  HttpResponse response;
  response.headers.set("Content-Type", kAnswerRecords);
  response.headers.set("Cache-Control", "no-store");
  response.body.reserve(batch.items * kAnswerRecordBytes);
  auto refused = batch.refused.begin();
  auto answered = posted.begin();
  for (std::size_t i = 0; i < batch.items; ++i) {
    const bool early = refused != batch.refused.end() && refused->first == i;
    const Answer& answer = early ? (refused++)->second : *answered++;
    if (!answer.accepted()) batch.metrics.refused(name_of(answer.refusal.code));
    append_answer_record(response.body, answer);
  }
  batch.call.reply(std::move(response));
}

void post_records(Services& services, Call call) {
  if (call.request.headers.find("Content-Type") != kTransferRecords)
    return refuse_call(call, fail(Errc::kMalformed, "Content-Type must be {}", kTransferRecords));
  auto read = read_transfer_records(call.request.body, call.principal.caller);
  if (!read) return refuse_call(call, read.error());
  std::vector<VoucherRequest> vouchers = std::move(read.value());
  const auto hold = std::ranges::find(vouchers, true, &VoucherRequest::hold);
  if (hold != vouchers.end() && !may_hold(services, call.principal, hold->key))
    return refuse_call(call, too_many_holds());

  auto batch = std::make_shared<RecordBatch>(
      RecordBatch{services.metrics, std::move(call), vouchers.size(), {}});
  services.book.read([&](const State& state, std::uint64_t) {
    const std::uint32_t accounts = state.book().account_count;
    const Reach::Numbers reach = batch->call.principal.reach->numbers(state);
    std::size_t place = 0;
    std::erase_if(vouchers, [&](const VoucherRequest& voucher) {
      const std::size_t here = place++;
      auto refusal = unknown_account(voucher, accounts, reach);
      if (!refusal) return false;
      Answer answer;
      answer.refusal = std::move(*refusal);
      batch->refused.emplace_back(here, std::move(answer));
      return true;
    });
  });
  if (vouchers.empty()) return answer_batch(*batch, {});
  const bool accepted =
      services.book.submit(std::move(vouchers), [batch, &services](Book::Answers answers) {
        auto shared = std::make_shared<Book::Answers>(std::move(answers));
        write_answer(services, {batch, &batch->call}, shared->size() > kInlineItems,
                     [batch, shared] { answer_batch(*batch, *shared); });
      });
  if (!accepted) refuse_call(batch->call, overloaded(1));
}

}  // namespace

void add_record_routes(Router& router, Services& services) {
  router.add({.method = "POST",
              .pattern = "/v1/vouchers/records",
              .allowed = {Role::kUpstream, Role::kMaker},
              .writes = true,
              .summary = "Posts up to 8,192 vouchers of one transfer, as fixed records",
              .handle = [&services](Call call) { post_records(services, std::move(call)); },
              .doc = {.media = std::string(kAnswerRecords),
                      .request_media = std::string(kTransferRecords)}});
}

}  // namespace suanpan::api::v1
