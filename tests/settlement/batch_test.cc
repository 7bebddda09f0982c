// Settlement batches: what is taken in, what it sums to, who may do what, and the document.
#include "settlement/batch.h"

#include <catch2/catch.hpp>

#include "ledger/base/limits.h"

namespace suanpan::settlement {
namespace {

using S = BatchState;

Date day(const char* iso) { return Date::parse(iso).value(); }
Timestamp at(int second) { return Timestamp::of_cn(day("2026-03-05"), 9, 0, second); }

/// Wednesday's sales, settled T+1 on Thursday.
BatchRequest thursday() {
  return {"M1", Currency::kCNY, day("2026-03-05"), 1, 1, "nightly", at(0)};
}

/// A sale that can be settled on Thursday.
Candidate sale(std::string no, std::int64_t gross, std::int64_t fee) {
  Candidate item;
  item.item_no = std::move(no);
  item.merchant_no = "M1";
  item.sold_on = day("2026-03-04");
  item.gross_minor = gross;
  item.fee_minor = fee;
  item.reconciled = true;
  item.arrived = true;
  return item;
}

Candidate refund(std::string no, std::int64_t gross, std::int64_t fee) {
  Candidate item = sale(std::move(no), -gross, -fee);
  item.kind = ItemKind::kRefund;
  item.reconciled = false;
  item.arrived = false;
  return item;
}

/// 350.00 less 10.50, 100.00 less 0.60.
Batch sample() {
  const std::vector<Candidate> items = {sale("P2", 10'000, 60), sale("P1", 35'000, 1'050)};
  return compute_batch(thursday(), items).value().batch.value();
}

/// The sample brought into a state by the shortest way: reviewed by ana, approved by bo.
Batch sample_in(S state) {
  Batch batch = sample();
  const auto step = [&batch](S to, const char* by) {
    batch = advance(batch, {to, by, at(1), releases_items(to) ? "reason" : ""}).value();
  };
  if (state == S::kComputed) return batch;
  if (state == S::kWithdrawn) return step(S::kWithdrawn, "ana"), batch;
  step(S::kReviewed, "ana");
  if (state == S::kReviewed) return batch;
  step(S::kApproved, "bo");
  if (state == S::kApproved) return batch;
  step(S::kSent, "payouts");
  if (state == S::kSent) return batch;
  step(state, "payouts");
  return batch;
}

TEST_CASE("batch: each item is judged by the rules of settlement, in their order") {
  struct Row {
    const char* what;
    void (*change)(Candidate&);
    std::optional<LeftOut> why;
  };
  const Row rows[] = {
      {"reconciled, arrived and due", [](Candidate&) {}, std::nullopt},
      {"of another merchant", [](Candidate& c) { c.merchant_no = "M2"; },
       LeftOut::kForeignMerchant},
      {"in another currency", [](Candidate& c) { c.currency = Currency::kUSD; },
       LeftOut::kForeignCurrency},
      {"paid to the merchant directly", [](Candidate& c) { c.collected = false; },
       LeftOut::kDirect},
      {"in a batch", [](Candidate& c) { c.in_batch = "20260304-M1-01"; }, LeftOut::kInBatch},
      {"sold today", [](Candidate& c) { c.sold_on = day("2026-03-05"); }, LeftOut::kNotDue},
      {"sold long ago", [](Candidate& c) { c.sold_on = day("2026-01-01"); }, std::nullopt},
      {"not reconciled", [](Candidate& c) { c.reconciled = false; }, LeftOut::kNotReconciled},
      {"reconciled, money on its way", [](Candidate& c) { c.arrived = false; },
       LeftOut::kNotArrived},
      {"arrived, not reconciled", [](Candidate& c) { c.reconciled = false, c.arrived = true; },
       LeftOut::kNotReconciled},
      {"refunded in full", [](Candidate& c) { c.gross_minor = c.fee_minor = 0; },
       LeftOut::kNothingDue},
      {"refunded in full, fee kept", [](Candidate& c) { c.gross_minor = 0; }, std::nullopt},
      {"in a batch and not reconciled",
       [](Candidate& c) { c.in_batch = "B", c.reconciled = false; }, LeftOut::kInBatch},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Candidate item = sale("P1", 10'000, 60);
    row.change(item);
    CHECK(why_left_out(thursday(), item).value() == row.why);
  }
  // A refund of a settled sale is owed at once, whatever the bill says.
  CHECK(!why_left_out(thursday(), refund("R1", 100, 1)).value());
}

TEST_CASE("batch: T+N is by workdays") {
  struct Row {
    const char* sold_on;
    int workdays;
    const char* settle_on;
    bool due;
  };
  const Row rows[] = {
      {"2026-03-06", 1, "2026-03-09", true},   // Friday, paid on Monday
      {"2026-03-07", 1, "2026-03-09", true},   // Saturday too
      {"2026-03-08", 1, "2026-03-09", true},   // and Sunday
      {"2026-03-09", 1, "2026-03-09", false},  // but not Monday's own
      {"2026-03-09", 0, "2026-03-09", true},   // unless by T+0
      {"2026-03-06", 2, "2026-03-09", false}, {"2026-03-06", 2, "2026-03-10", true},
      {"2026-02-14", 1, "2026-02-24", true},  // over the Spring Festival
      {"2026-02-13", 1, "2026-02-14", true},  // onto a make-up Saturday
  };
  for (const Row& row : rows) {
    INFO(row.sold_on << " T+" << row.workdays << " on " << row.settle_on);
    BatchRequest request = thursday();
    request.settle_on = day(row.settle_on);
    request.workdays = row.workdays;
    Candidate item = sale("P1", 100, 1);
    item.sold_on = day(row.sold_on);
    const std::vector<Candidate> items = {item};
    CHECK(compute_batch(request, items).value().batch.has_value() == row.due);
  }
}

TEST_CASE("batch: it pays the sum of its sales less fees and refunds, in any order of candidates") {
  Candidate waiting = sale("P3", 7'777, 7);
  waiting.arrived = false;
  // 450.00 less 11.10 in fees; a refund of 50.00 brings 0.30 of fee back: 389.20
  const std::vector<Candidate> items = {sale("P2", 10'000, 60), waiting, refund("R9", 5'000, 30),
                                        sale("P1", 35'000, 1'050)};
  const ComputedBatch computed = compute_batch(thursday(), items).value();
  REQUIRE(computed.batch);
  const Batch& batch = *computed.batch;
  CHECK(batch.lines ==
        std::vector<BatchLine>{{"P1", 35'000, 1'050}, {"P2", 10'000, 60}, {"R9", -5'000, -30}});
  const BatchTotals totals = totals_of(batch);
  CHECK(totals.gross_minor == 40'000);
  CHECK(totals.fee_minor == 1'080);
  CHECK(totals.net_minor == 38'920);
  CHECK(computed.left_out == std::vector<LeftOutItem>{{"P3", LeftOut::kNotArrived}});
  CHECK(state_of(batch) == S::kComputed);

  const std::vector<Candidate> reversed(items.rbegin(), items.rend());
  const ComputedBatch again = compute_batch(thursday(), reversed).value();
  CHECK(again.batch == computed.batch);
  CHECK(again.left_out == computed.left_out);
}

TEST_CASE("batch: running a day twice pays once") {
  const Batch first = sample();
  CHECK(batch_no(first) == "20260305-M1-01");
  CHECK(batch_no(sample()) == batch_no(first));
  CHECK(payout_no(sample()) == payout_no(first));
  // sha256("20260305-M1-01"), its first half: printf %s 20260305-M1-01 | sha256sum
  CHECK(payout_no(first) == "SPd8b48c3048321a7da5493206033ab3cb");

  // What is in the batch is not taken again.
  std::vector<Candidate> items = {sale("P1", 35'000, 1'050), sale("P2", 10'000, 60)};
  for (Candidate& item : items) item.in_batch = batch_no(first);
  BatchRequest second_run = thursday();
  second_run.run = 2;
  CHECK(!compute_batch(second_run, items).value().batch);

  // Another merchant, day or run is another payout.
  Batch other = first;
  other.run = 2;
  CHECK(payout_no(other) != payout_no(first));
  other = first;
  other.merchant_no = "M2";
  CHECK(payout_no(other) != payout_no(first));
  other = first;
  other.settle_on = day("2026-03-06");
  CHECK(payout_no(other) != payout_no(first));
}

TEST_CASE("batch: what does not sum to a payout waits") {
  struct Row {
    const char* what;
    std::vector<Candidate> items;
  };
  const Row rows[] = {
      {"nothing at all", {}},
      {"the merchant owes", {sale("P1", 100, 1), refund("R1", 200, 2)}},
      {"it comes to nothing", {sale("P1", 100, 1), refund("R1", 100, 1)}},
      {"the fee is all there is", {sale("P1", 30, 30)}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const ComputedBatch computed = compute_batch(thursday(), row.items).value();
    CHECK(!computed.batch);
    REQUIRE(computed.left_out.size() == row.items.size());
    for (const LeftOutItem& item : computed.left_out) CHECK(item.why == LeftOut::kNothingToPay);
  }
}

TEST_CASE("batch: a full batch takes refunds and the oldest first, and stays below the limit") {
  std::vector<Candidate> items;
  const std::string pad(64 - 5, 'x');
  for (int i = 0; i < 8'002; ++i) {
    items.push_back(sale(fmt::format("{}{:05}", pad, i), 100'000'000'000, 99'999'999'999));
  }
  items[8'001].sold_on = day("2026-03-03");
  items.push_back(refund("z-the-last-by-number", 1, 0));
  items.back().sold_on = day("2026-03-05");  // and the youngest
  const ComputedBatch computed = compute_batch(thursday(), items).value();
  REQUIRE(computed.batch);
  CHECK(computed.batch->lines.size() == 8'000);
  // 8,000 places for a refund and 8,002 sales: the three youngest by number wait.
  CHECK(computed.left_out == std::vector<LeftOutItem>{{pad + "07998", LeftOut::kBatchFull},
                                                      {pad + "07999", LeftOut::kBatchFull},
                                                      {pad + "08000", LeftOut::kBatchFull}});
  const std::string bytes = encode(*computed.batch);
  CHECK(bytes.size() < kMaxDocumentBytes);
  CHECK(decode_batch(bytes).value() == *computed.batch);
}

TEST_CASE("batch: requests and items that cannot be are refused") {
  struct Row {
    const char* what;
    void (*change)(BatchRequest&, std::vector<Candidate>&);
    Errc code;
  };
  using R = BatchRequest;
  using I = std::vector<Candidate>;
  const Row rows[] = {
      {"a Saturday", [](R& r, I&) { r.settle_on = day("2026-03-07"); }, Errc::kMismatch},
      {"a public holiday", [](R& r, I&) { r.settle_on = day("2026-10-01"); }, Errc::kMismatch},
      {"a year not announced", [](R& r, I&) { r.settle_on = day("2027-03-04"); }, Errc::kNotFound},
      {"T+1 that passes into such a year", [](R&, I& i) { i[0].sold_on = day("2026-12-31"); },
       Errc::kNotFound},
      {"a sale before the calendar", [](R&, I& i) { i[0].sold_on = day("2023-12-29"); },
       Errc::kNotFound},
      {"a negative N", [](R& r, I&) { r.workdays = -1; }, Errc::kMalformed},
      {"run 0", [](R& r, I&) { r.run = 0; }, Errc::kMalformed},
      {"run 100", [](R& r, I&) { r.run = 100; }, Errc::kMalformed},
      {"nobody", [](R& r, I&) { r.by.clear(); }, Errc::kMalformed},
      {"no merchant", [](R& r, I&) { r.merchant_no.clear(); }, Errc::kMalformed},
      {"an item twice", [](R&, I& i) { i.push_back(i[0]); }, Errc::kMismatch},
      {"an item without a number", [](R&, I& i) { i[0].item_no.clear(); }, Errc::kMalformed},
      {"a negative sale", [](R&, I& i) { i[0].gross_minor = -1; }, Errc::kMalformed},
      {"a negative fee", [](R&, I& i) { i[0].fee_minor = -1; }, Errc::kMalformed},
      {"a refund that brings money", [](R&, I& i) { i[0].kind = ItemKind::kRefund; },
       Errc::kMalformed},
      {"an amount beyond the limit", [](R&, I& i) { i[0].gross_minor = INT64_MAX; },
       Errc::kMalformed},
      {"the lowest number there is", [](R&, I& i) { i[0].gross_minor = INT64_MIN; },
       Errc::kMalformed},
      {"a sum beyond the limit",
       [](R&, I& i) {
         i[0].gross_minor = kMaxAmountMinor;
         i.push_back(sale("P9", kMaxAmountMinor, 0));
       },
       Errc::kTooLarge},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    BatchRequest request = thursday();
    std::vector<Candidate> items = {sale("P1", 100, 1)};
    row.change(request, items);
    const auto result = compute_batch(request, items);
    REQUIRE(result.has_error());
    CHECK(result.error().code == row.code);
  }
}

TEST_CASE("batch: only the steps of the diagram are taken") {
  const S all[] = {S::kComputed,  S::kReviewed, S::kApproved, S::kSent,
                   S::kConfirmed, S::kReturned, S::kFailed,   S::kWithdrawn};
  // Row: from; column: to. The diagram of the header, by hand.
  const bool legal[8][8] = {
      //          comp  rev    appr   sent   conf   ret    fail   withdr
      /*comp*/ {false, true, false, false, false, false, false, true},
      /*rev */ {false, false, true, false, false, false, false, true},
      /*appr*/ {false, false, false, true, false, false, false, false},
      /*sent*/ {false, false, false, false, true, true, true, false},
      /*conf*/ {false, false, false, false, false, false, false, false},
      /*ret */ {false, false, false, false, false, false, false, false},
      /*fail*/ {false, false, false, false, false, false, false, false},
      /*with*/ {false, false, false, false, false, false, false, false},
  };
  for (int from = 0; from < 8; ++from) {
    const Batch batch = sample_in(all[from]);
    REQUIRE(state_of(batch) == all[from]);
    for (int to = 0; to < 8; ++to) {
      INFO(name_of(all[from]) << " → " << name_of(all[to]));
      const auto result = advance(batch, {all[to], "someone", at(9), "a reason"});
      CHECK(result.has_value() == legal[from][to]);
      if (result.has_value()) {
        CHECK(state_of(result.value()) == all[to]);
        CHECK(result.value().lines == batch.lines);
      } else {
        CHECK(result.error().code == Errc::kMismatch);
        CHECK_THAT(result.error().message, Catch::Contains(std::string(name_of(all[from]))) &&
                                               Catch::Contains(std::string(name_of(all[to]))));
      }
    }
  }
}

TEST_CASE("batch: which states are final, and which let their items go") {
  struct Row {
    S state;
    bool final;
    bool releases;
  };
  const Row rows[] = {
      {S::kComputed, false, false}, {S::kReviewed, false, false}, {S::kApproved, false, false},
      {S::kSent, false, false},     {S::kConfirmed, true, false}, {S::kReturned, true, true},
      {S::kFailed, true, true},     {S::kWithdrawn, true, true},
  };
  for (const Row& row : rows) {
    INFO(name_of(row.state));
    CHECK(is_final(row.state) == row.final);
    CHECK(releases_items(row.state) == row.releases);
  }
}

TEST_CASE("batch: a second person approves") {
  const Batch reviewed = sample_in(S::kReviewed);  // computed by nightly, reviewed by ana
  for (const char* same : {"nightly", "ana"}) {
    const auto result = advance(reviewed, {S::kApproved, same, at(2), ""});
    CHECK(result.error().code == Errc::kMismatch);
    CHECK_THAT(result.error().message, Catch::Contains("second person"));
  }
  CHECK(advance(reviewed, {S::kApproved, "bo", at(2), ""}).has_value());
  // Who computed may review: the second pair of eyes is the approver's.
  CHECK(advance(sample(), {S::kReviewed, "nightly", at(2), ""}).has_value());
}

TEST_CASE("batch: a step needs a person, a reason where it lets go, and a time that follows") {
  struct Row {
    const char* what;
    S from;
    BatchStep step;
    Errc code;
  };
  const Row rows[] = {
      {"nobody", S::kComputed, {S::kReviewed, "", at(2), ""}, Errc::kMalformed},
      {"a long name",
       S::kComputed,
       {S::kReviewed, std::string(65, 'x'), at(2), ""},
       Errc::kMalformed},
      {"a name with a line break",
       S::kComputed,
       {S::kReviewed, "a\nb", at(2), ""},
       Errc::kMalformed},
      {"a long note",
       S::kComputed,
       {S::kReviewed, "bo", at(2), std::string(513, 'x')},
       Errc::kMalformed},
      {"withdrawn without a reason",
       S::kComputed,
       {S::kWithdrawn, "bo", at(2), ""},
       Errc::kMalformed},
      {"returned without a reason", S::kSent, {S::kReturned, "bo", at(2), ""}, Errc::kMalformed},
      {"failed without a reason", S::kSent, {S::kFailed, "bo", at(2), ""}, Errc::kMalformed},
      {"before the last step", S::kReviewed, {S::kApproved, "bo", at(0), ""}, Errc::kMismatch},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(advance(sample_in(row.from), row.step).error().code == row.code);
  }
  CHECK(advance(sample_in(S::kSent), {S::kConfirmed, "bo", at(1), ""}).has_value());
}

TEST_CASE("batch: the document reads back in every state") {
  for (const S state : {S::kComputed, S::kReviewed, S::kApproved, S::kSent, S::kConfirmed,
                        S::kReturned, S::kFailed, S::kWithdrawn}) {
    INFO(name_of(state));
    const Batch batch = sample_in(state);
    CHECK(decode_batch(encode(batch)).value() == batch);
  }
  // Its form, fixed by hand: these bytes are kept for ever. 2026-03-05 09:00 in China is 01:00 UTC.
  CHECK(encode(sample()) ==
        R"({"format":1,"merchant_no":"M1","currency":"CNY","settle_on":"2026-03-05","run":1,)"
        R"("gross":45000,"fee":1110,"net":43890,)"
        R"("history":[{"state":"computed","by":"nightly","at_ns":1772672400000000000,"note":""}],)"
        R"("lines":[["P1",35000,1050],["P2",10000,60]]})");
}

TEST_CASE("batch: a document that could not have come about is refused") {
  const std::string good = encode(sample_in(S::kApproved));
  REQUIRE(decode_batch(good).has_value());
  struct Row {
    const char* what;
    const char* from;
    const char* to;
    Errc code;
  };
  const Row rows[] = {
      {"a changed total", "\"net\":43890", "\"net\":43891", Errc::kMismatch},
      {"a changed line", "[\"P1\",35000,1050]", "[\"P1\",35001,1050]", Errc::kMismatch},
      {"a line left out", "[\"P1\",35000,1050],", "", Errc::kMismatch},
      {"a line twice", "[\"P2\",10000,60]", "[\"P1\",10000,60]", Errc::kMismatch},
      {"lines out of order", "\"P1\"", "\"P3\"", Errc::kMismatch},
      {"no lines", "[[\"P1\",35000,1050],[\"P2\",10000,60]]", "[]", Errc::kMalformed},
      {"a line of two", "[\"P2\",10000,60]", "[\"P2\",10000]", Errc::kMalformed},
      {"a fractional amount", "10000,60", "10000,60.0", Errc::kMalformed},
      {"one person for both", "\"bo\"", "\"ana\"", Errc::kMismatch},
      {"a step left out", "\"state\":\"reviewed\"", "\"state\":\"approved\"", Errc::kMismatch},
      {"a history that starts late", "\"state\":\"computed\"", "\"state\":\"sent\"",
       Errc::kMismatch},
      {"an unknown state", "\"approved\"", "\"blessed\"", Errc::kMalformed},
      {"run 0", "\"run\":1", "\"run\":0", Errc::kMalformed},
      {"no such day", "2026-03-05", "2026-03-32", Errc::kMalformed},
      {"a newer format", "\"format\":1", "\"format\":2", Errc::kUnsupported},
      {"an unknown key", "\"run\":1", "\"run\":1,\"x\":1", Errc::kMalformed},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    std::string bad = good;
    const auto where = bad.find(row.from);
    REQUIRE(where != std::string::npos);
    bad.replace(where, std::string_view(row.from).size(), row.to);
    const auto result = decode_batch(bad);
    REQUIRE(result.has_error());
    CHECK(result.error().code == row.code);
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO("cut after " << size << " bytes");
    CHECK(decode_batch(good.substr(0, size)).has_error());
  }
}

}  // namespace
}  // namespace suanpan::settlement
