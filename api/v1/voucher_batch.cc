// Batches of vouchers, holds and what is posted or voided of holds: item by item, in linked groups,
// or all or nothing; and what a batch would be answered, without doing it.
//
// "linked": true ties an item to the next one; a group stands or falls together. With the mode
// "all_or_nothing" the whole batch is one group. What is refused before it comes to the book leaves
// nothing, and nor does the rest of its group.
#include "api/metrics.h"
#include "api/v1/routes.h"
#include "api/v1/voucher_body.h"
#include "ledger/base/limits.h"
#include "ledger/base/log.h"
#include "ledger/engine/expecting.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::size_t kInlineItems = 64;  ///< a bigger answer is written on a worker

enum class ItemKind : std::uint8_t { kVoucher, kHold, kPost, kVoid };
enum class Mode : std::uint8_t { kContinue, kAllOrNothing };

std::optional<ItemKind> item_kind_of(std::string_view name) {
  if (name == "voucher") return ItemKind::kVoucher;
  if (name == "hold") return ItemKind::kHold;
  if (name == "post") return ItemKind::kPost;
  if (name == "void") return ItemKind::kVoid;
  return std::nullopt;
}
std::optional<Mode> mode_of(std::string_view name) {
  if (name == "continue") return Mode::kContinue;
  if (name == "all_or_nothing") return Mode::kAllOrNothing;
  return std::nullopt;
}

/// An item as it was read.
struct Draft {
  ItemKind kind = ItemKind::kVoucher;
  ClaimKey key;
  VoucherDraft voucher;
  std::string hold;
  std::vector<std::int64_t> amounts;
  ExpectsDraft expected;  ///< of what is done to a hold
  bool linked = false;
};

/// A batch on its way: what became of each item before the book, and what goes into the book.
struct Batch {
  Metrics& metrics;
  struct Item {
    ClaimKey key;
    std::optional<Refusal> refusal;  ///< nothing was journalled for it
    std::size_t answer = 0;          ///< its place among the submitted, if it was
  };
  Call call;
  std::vector<Item> items;
  std::vector<Command> commands;         ///< either these
  std::vector<VoucherRequest> vouchers;  ///< or these, when there is nothing else
  Groups groups;                         ///< of what is submitted
};

void write_item(JsonWriter& out, const ClaimKey& key, const Answer& answer) {
  out.begin_object().field("accepted", answer.accepted()).field("replayed", answer.replayed);
  out.field("id", key.hex());
  if (answer.accepted()) {
    write_receipt(out, answer);
    out.field("voucher_no", answer.voucher_no);
    write_amounts(out, answer);
  } else {
    const Problem problem = problem_of(answer.refusal);
    out.field("refusal", problem.refusal)
        .field("number", static_cast<std::int64_t>(problem.number))
        .field("title", problem.title);
    if (!problem.detail.empty()) out.field("detail", problem.detail);
  }
  out.end_object();
}

void answer_batch(const Batch& batch, const Book::Answers& answers,
                  std::optional<std::uint64_t> as_of = {}) {
  JsonWriter out;
  std::size_t accepted = 0;
  out.begin_object().key("items").begin_array();
  for (const Batch::Item& item : batch.items) {
    Answer refused;
    if (item.refusal) refused.refusal = *item.refusal;
    const Answer& answer = item.refusal ? refused : answers.at(item.answer);
    accepted += answer.accepted();
    if (!answer.accepted() && !as_of) batch.metrics.refused(name_of(answer.refusal.code));
    write_item(out, item.key, answer);
  }
  out.end_array().field("accepted", accepted).field("refused", batch.items.size() - accepted);
  if (as_of) out.field("as_of_seq", *as_of);
  out.end_object();
  batch.call.reply(json_response(200, out.take()));
}

// An item's claim is its own "id", in the same name space as Idempotency-Key, or the 16 bytes of
// its "record_id", as a record holds them (voucher_records.h), or else its place in the batch.
ClaimKey item_claim(const Call& call, Fields& item, std::size_t index) {
  const auto id = item.maybe_text("id"), record_id = item.maybe_text("record_id");
  if (id && (id->empty() || id->size() > 64)) item.fail_at("id", "must be 1 to 64 bytes");
  const auto raw = record_id ? Id128::from_hex(*record_id) : std::nullopt;
  if (record_id && !raw) item.fail_at("record_id", "must be 32 hexadecimal digits");
  if (record_id && id) item.fail_at("record_id", "stands in the place of id");
  if (raw) return ClaimKey{*raw, call.principal.caller};
  if (id) return claim_of(call, *id);
  const auto key = call.request.headers.find("Idempotency-Key").value_or("");
  // A line feed is in no Idempotency-Key, so this is nobody else's name.
  return claim_of(call, fmt::format("{}\n{}", key, index));
}

Draft read_item(Fields& in) {
  Draft draft;
  draft.kind = in.maybe_choice<ItemKind>("kind", item_kind_of).value_or(ItemKind::kVoucher);
  draft.linked = in.flag("linked", false);
  if (draft.kind == ItemKind::kVoucher || draft.kind == ItemKind::kHold) {
    draft.voucher = read_ruled_voucher(in, draft.kind == ItemKind::kHold);
    return draft;
  }
  draft.hold = in.text("hold");
  if (draft.kind == ItemKind::kPost) draft.amounts = in.maybe_integers("amounts", kMaxVoucherLegs);
  draft.expected = read_expects(in);
  return draft;
}

std::vector<Draft> read_batch(const Call& call, Fields& in, std::size_t most) {
  std::vector<Draft> drafts;
  const Mode mode = in.maybe_choice<Mode>("mode", mode_of).value_or(Mode::kContinue);
  const bool given = in.each("items", most, [&](Fields& item) {
    Draft draft = read_item(item);
    if (draft.linked && mode == Mode::kAllOrNothing)
      item.fail_at("linked", "says nothing where all items are one group");
    draft.key = item_claim(call, item, drafts.size());
    drafts.push_back(std::move(draft));
  });
  if (!given || drafts.empty()) {
    in.fail_at("items", "has no elements");
    return drafts;
  }
  if (drafts.back().linked) in.fail_at("items", "ends inside a linked group");
  if (mode == Mode::kAllOrNothing)
    for (std::size_t i = 0; i + 1 < drafts.size(); ++i) drafts[i].linked = true;
  return drafts;
}

/// The hold that an item names, or why it may not be touched: who may not learns nothing of it.
Planned<ClaimKey> hold_of(const Call& call, const std::string& id) {
  const auto key = ClaimKey::from_hex(id);
  if (!key) return refuse(RefusalCode::kHoldNotFound, id);
  if (!may_change(call.principal, key->caller)) return refuse(RefusalCode::kNotAuthorised, id);
  return *key;
}

/// The command of an item. Refusals leave nothing.
Planned<Command> command_of(const Call& call, const State& state, Draft& draft) {
  if (draft.kind == ItemKind::kVoucher || draft.kind == ItemKind::kHold) {
    draft.voucher.request.key = draft.key;
    if (auto refusal = resolve(*call.principal.reach, state, draft.voucher))
      return std::move(*refusal);
    return post_voucher(std::move(draft.voucher.request));
  }
  TRY(auto hold, hold_of(call, draft.hold));
  Command command;
  if (draft.kind == ItemKind::kVoid) {
    command = void_hold({draft.key, hold});
  } else {
    PostHoldRequest request{draft.key, hold, std::move(draft.amounts), nullptr};
    TRY(check_post_hold(request));
    command = post_hold(std::move(request));
  }
  TRY(resolve(*call.principal.reach, state, draft.expected));
  return expecting(std::move(command), std::move(draft.expected.expects));
}

// Whoever is in a group with what was refused leaves nothing either.
void refuse_groups(Batch& batch, const std::vector<Draft>& drafts) {
  for (std::size_t i = 0, end = 0; i < drafts.size(); i = end) {
    end = i + 1;
    while (drafts[end - 1].linked) ++end;
    std::size_t bad = i;
    while (bad < end && !batch.items[bad].refusal) ++bad;
    if (bad == end) continue;
    for (std::size_t n = i; n < end; ++n)
      if (!batch.items[n].refusal)
        batch.items[n].refusal = refuse(RefusalCode::kGroupMalformed, std::to_string(bad - i));
  }
}

std::shared_ptr<Batch> prepare(Services& services, Call call, std::vector<Draft> drafts) {
  auto batch = std::make_shared<Batch>(Batch{services.metrics, std::move(call), {}, {}, {}, {}});
  std::vector<std::optional<Command>> commands(drafts.size());
  services.book.read([&](const State& state, std::uint64_t) {
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      auto command = command_of(batch->call, state, drafts[i]);
      Batch::Item& item = batch->items.emplace_back(Batch::Item{drafts[i].key, {}, 0});
      if (command)
        commands[i] = std::move(command.value());
      else
        item.refusal = std::move(command.error());
    }
  });
  refuse_groups(*batch, drafts);
  bool only_vouchers = true;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (batch->items[i].refusal) continue;
    const auto place = static_cast<std::uint32_t>(batch->commands.size());
    batch->items[i].answer = place;
    const bool goes_on = i > 0 && drafts[i - 1].linked;
    if (goes_on)
      ++batch->groups.back().count;
    else if (drafts[i].linked)
      batch->groups.push_back({place, 1});
    only_vouchers = only_vouchers && commands[i]->voucher != nullptr;
    batch->commands.push_back(std::move(*commands[i]));
  }
  if (!only_vouchers) return batch;
  for (const Command& command : batch->commands) batch->vouchers.push_back(*command.voucher);
  batch->commands.clear();
  return batch;
}

void post_batch(Services& services, Call call) {
  Body body(call);
  std::vector<Draft> drafts = read_batch(call, body.root(), kMaxBatchItems);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  for (const Draft& draft : drafts) {
    if (draft.kind != ItemKind::kHold) continue;
    if (!may_hold(services, call.principal, draft.key)) return refuse_call(call, too_many_holds());
    break;
  }
  const auto batch = prepare(services, std::move(call), std::move(drafts));
  if (batch->vouchers.empty() && batch->commands.empty()) return answer_batch(*batch, {});
  const auto done = [batch, &services](Book::Answers answers) {
    auto shared = std::make_shared<Book::Answers>(std::move(answers));
    write_answer(services, {batch, &batch->call}, shared->size() > kInlineItems,
                 [batch, shared] { answer_batch(*batch, *shared); });
  };
  const bool accepted =
      batch->commands.empty()
          ? services.book.submit(std::move(batch->vouchers), done, std::move(batch->groups))
          : services.book.submit(std::move(batch->commands), done, std::move(batch->groups));
  if (!accepted) refuse_call(batch->call, overloaded(1));
}

void dry_run(Services& services, Call call) {
  Body body(call);
  std::vector<Draft> drafts = read_batch(call, body.root(), kMaxBatchItems);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const auto batch = prepare(services, call, std::move(drafts));
  on_worker(services, std::move(call), [batch, &book = services.book](Call& to) {
    const auto run = batch->commands.empty()
                         ? book.dry_run(std::move(batch->vouchers), std::move(batch->groups))
                         : book.dry_run(std::move(batch->commands), std::move(batch->groups));
    if (!run) return refuse_call(to, run.error());
    answer_batch(*batch, run.value().answers, run.value().seq);
  });
}

}  // namespace

void add_voucher_batch_routes(Router& router, Services& services) {
  describe_rules(router);
  router.describe(
      "BatchItemRequest",
      "id?:string record_id?:string kind?:=voucher|hold|post|void linked?:boolean "
      "legs?:[RuledLegRequest] "
      "expects?:[Expectation] code?:integer type?:=general|receipt|payment|transfer date?:date "
      "effective_date?:date summary?:string business_key?:string metadata?:any "
      "expires_at?:date-time hold?:string amounts?:[integer]");
  router.describe("BatchRequest", "mode?:=continue|all_or_nothing items:[BatchItemRequest]");
  router.describe("BatchItem",
                  "accepted:boolean replayed:boolean id:string seq?:integer timestamp?:date-time "
                  "accounting_date?:date voucher_no?:integer amounts?:[integer] refusal?:string "
                  "number?:integer title?:string detail?:string");
  router.describe("BatchAnswer", "items:[BatchItem] accepted:integer refused:integer");
  router.describe("DryRunAnswer",
                  "items:[BatchItem] accepted:integer refused:integer as_of_seq:integer");
  const Roles writers{Role::kUpstream, Role::kMaker};
  router.add({.method = "POST",
              .pattern = "/v1/vouchers/batch",
              .allowed = writers,
              .writes = true,
              .summary = "Up to 8,192 vouchers, holds, posts and voids: each on its own, in linked "
                         "groups, or all or nothing",
              .handle = [&services](Call call) { post_batch(services, std::move(call)); },
              .doc = {.request = "BatchRequest", .answer = "BatchAnswer"}});
  router.add({.method = "POST",
              .pattern = "/v1/vouchers/dry-run",
              .allowed = writers,
              .summary = "What such a batch would be answered now; nothing is done or claimed",
              .handle = [&services](Call call) { dry_run(services, std::move(call)); },
              .doc = {.request = "BatchRequest", .answer = "DryRunAnswer"}});
}

}  // namespace suanpan::api::v1
