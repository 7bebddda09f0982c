// Vouchers: posting one, posting many with an answer each, looking one up.
#include "api/metrics.h"
#include "api/v1/routes.h"
#include "api/v1/voucher_answer.h"
#include "api/v1/voucher_body.h"
#include "ledger/base/limits.h"
#include "ledger/base/log.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::size_t kInlineItems = 64;  ///< a bigger answer is written on a worker

void write_posted(JsonWriter& out, const ClaimKey& key, const Answer& answer) {
  out.field("id", key.hex());
  write_receipt(out, answer);
  out.field("voucher_no", answer.voucher_no);
}

void post(Services& services, Call call) {
  Body body(call);
  VoucherDraft draft = read_voucher(body.root(), false);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  draft.request.key = claim_of(call);
  const auto refusal =
      services.book.read([&](const State& state, std::uint64_t) { return resolve(state, draft); });
  if (refusal) return refuse_call(call, *refusal);
  run(services, std::move(call), std::move(draft.request),
      [key = draft.request.key](const Answer& answer) {
        JsonWriter out;
        out.begin_object();
        write_posted(out, key, answer);
        out.end_object();
        return json_response(201, out.take());
      });
}

/// A batch on its way: the items that go into the book, and what was refused before.
struct Batch {
  Metrics& metrics;
  struct Item {
    ClaimKey key;
    std::optional<Refusal> refusal;  ///< nothing was journalled for it
    std::size_t answer = 0;          ///< its place among the submitted, if it was
  };
  Call call;
  std::vector<Item> items;
};

void write_item(JsonWriter& out, const ClaimKey& key, const Answer& answer) {
  out.begin_object().field("accepted", answer.accepted()).field("replayed", answer.replayed);
  if (answer.accepted()) {
    write_posted(out, key, answer);
  } else {
    const Problem problem = problem_of(answer.refusal);
    out.field("id", key.hex())
        .field("refusal", problem.refusal)
        .field("number", static_cast<std::int64_t>(problem.number))
        .field("title", problem.title);
    if (!problem.detail.empty()) out.field("detail", problem.detail);
  }
  out.end_object();
}

void answer_batch(const Batch& batch, const Book::Answers& answers) {
  JsonWriter out;
  std::size_t accepted = 0;
  out.begin_object().key("items").begin_array();
  for (const Batch::Item& item : batch.items) {
    Answer refused;
    if (item.refusal) refused.refusal = *item.refusal;
    const Answer& answer = item.refusal ? refused : answers.at(item.answer);
    accepted += answer.accepted();
    if (!answer.accepted()) batch.metrics.refused(name_of(answer.refusal.code));
    write_item(out, item.key, answer);
  }
  out.end_array()
      .field("accepted", accepted)
      .field("refused", batch.items.size() - accepted)
      .end_object();
  batch.call.reply(json_response(200, out.take()));
}

// An item's claim is its own "id", in the same name space as Idempotency-Key, or its place in the
// batch. 32 hexadecimal digits are the id itself, as a record holds it (voucher_records.h).
ClaimKey item_claim(const Call& call, const std::optional<std::string>& id, std::size_t index) {
  if (id)
    if (const auto raw = Id128::from_hex(*id)) return ClaimKey{*raw, call.principal.caller};
  if (id) return claim_of(call, *id);
  const auto key = call.request.headers.find("Idempotency-Key").value_or("");
  // A line feed is in no Idempotency-Key, so this is nobody else's name.
  return claim_of(call, fmt::format("{}\n{}", key, index));
}

void post_batch(Services& services, Call call) {
  Body body(call);
  std::vector<VoucherDraft> drafts;
  const bool given = body.root().each("items", kMaxBatchItems, [&](Fields& item) {
    const auto id = item.maybe_text("id");
    if (id && (id->empty() || id->size() > 64)) item.fail_at("id", "must be 1 to 64 bytes");
    VoucherDraft draft = read_voucher(item, false);
    draft.request.key = item_claim(call, id, drafts.size());
    drafts.push_back(std::move(draft));
  });
  if (!given || drafts.empty()) body.root().fail_at("items", "has no elements");
  if (const auto& error = body.finish()) return refuse_call(call, *error);

  auto batch = std::make_shared<Batch>(Batch{services.metrics, std::move(call), {}});
  std::vector<VoucherRequest> vouchers;
  services.book.read([&](const State& state, std::uint64_t) {
    for (VoucherDraft& draft : drafts) {
      Batch::Item item{draft.request.key, resolve(state, draft), vouchers.size()};
      if (!item.refusal) vouchers.push_back(std::move(draft.request));
      batch->items.push_back(std::move(item));
    }
  });
  if (vouchers.empty()) return answer_batch(*batch, {});
  const auto done = [batch, &services](Book::Answers answers) {
    // The committing thread has more to do than to write a long answer.
    auto shared = std::make_shared<Book::Answers>(std::move(answers));
    const auto write = [batch, shared] { answer_batch(*batch, *shared); };
    if (shared->size() <= kInlineItems || !services.workers.submit(write)) write();
  };
  const bool accepted = services.book.submit(std::move(vouchers), done);
  if (!accepted) refuse_call(batch->call, overloaded(1));
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  const std::string& id = call.path.at("id");
  const auto key = ClaimKey::from_hex(id);
  if (!key) return refuse_call(call, refuse(RefusalCode::kVoucherNotFound, id));
  if (!may_read(call.principal, key->caller))
    return refuse_call(call, refuse(RefusalCode::kNotAuthorised, id));
  on_worker(services, std::move(call), [&book = services.book, key = *key](Call& to) {
    const auto found = book.find(key);
    if (!found) return refuse_call(to, found.error());
    if (!found.value() || found.value()->effects.transfers.empty())
      return refuse_call(to, refuse(RefusalCode::kVoucherNotFound, key.hex()));
    JsonWriter out;
    write_voucher(out, book, *found.value());
    to.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_voucher_routes(Router& router, Services& services) {
  router.describe("LegRequest", std::string(kLegRequest));
  router.describe("VoucherRequest", std::string(kVoucherMembers));
  router.describe("VoucherPosted", "id:string " + std::string(kReceipt) + "voucher_no:integer");
  router.describe("BatchItemRequest", "id?:string " + std::string(kVoucherMembers));
  router.describe("BatchRequest", "items:[BatchItemRequest]");
  router.describe("BatchItem",
                  "accepted:boolean replayed:boolean id:string seq?:integer timestamp?:date-time "
                  "accounting_date?:date voucher_no?:integer refusal?:string number?:integer "
                  "title?:string detail?:string");
  router.describe("BatchAnswer", "items:[BatchItem] accepted:integer refused:integer");
  router.describe("Leg", std::string(kLeg));
  router.describe("Voucher", std::string(kVoucher));
  const Roles writers{Role::kUpstream, Role::kMaker};
  router.add({.method = "POST",
              .pattern = "/v1/vouchers",
              .allowed = writers,
              .writes = true,
              .summary = "Posts a voucher of 1 to 256 legs as one",
              .handle = [&services](Call call) { post(services, std::move(call)); },
              .doc = {.request = "VoucherRequest", .answer = "VoucherPosted", .status = 201}});
  router.add({.method = "POST",
              .pattern = "/v1/vouchers/batch",
              .allowed = writers,
              .writes = true,
              .summary = "Posts up to 8,192 vouchers, each on its own, with an answer per item",
              .handle = [&services](Call call) { post_batch(services, std::move(call)); },
              .doc = {.request = "BatchRequest", .answer = "BatchAnswer"}});
  router.add({.method = "GET",
              .pattern = "/v1/vouchers/{id}",
              .allowed = kReaders,
              .summary = "A voucher, hold or reversal as it was journalled",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Voucher"}});
}

}  // namespace suanpan::api::v1
