#include "ledger/core/erasure.h"

#include <catch2/catch.hpp>

#include "ledger/core/erasure_invariant.h"
#include "ledger/core/invariants.h"
#include "ledger/core/order.h"
#include "ledger/core/overlay.h"
#include "ledger/core/state.h"

using namespace suanpan;

namespace {

constexpr const char* kKey = "p7.0a1b2c3d";
constexpr const char* kOther = "o7.0a1b2c3d";

State book_with(std::vector<Document> documents = {}) {
  BookState book;
  book.accounting_date = *Date::of(2026, 3, 4);
  State state(book);
  for (const Document& document : documents)
    state.apply_document(std::make_shared<const Document>(document));
  return state;
}

Document holder(DocumentKind kind, bool open, const std::string& key) {
  return Document{kind, "D1", 1, open, R"({"payee_sealed":"k1:)" + key + R"(:AAAA"})"};
}

ErasureRequest request(std::vector<std::string> keys = {kKey}) {
  return {
      std::move(keys),
      Erasure{std::string(32, 'a'), "E1", "subject_request", "2026-17", "maker", "checker", {}}};
}

Moment now() { return {Timestamp{1'772'586'000'000'000'000}}; }

}  // namespace

TEST_CASE("erasure: each key becomes one finished document that says who, why and when") {
  const State state = book_with();
  const auto planned = plan_erasure(state, request({kKey, kOther}), now());
  REQUIRE(planned);
  REQUIRE(planned.value().documents.size() == 2);
  const Document& first = planned.value().documents[0];
  CHECK(first.kind == DocumentKind::kErasure);
  CHECK(first.key == kKey);
  CHECK(first.version == 1);
  CHECK_FALSE(first.open);
  CHECK(first.bytes == R"({"subject":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","request":"E1",)"
                       R"("reason":"subject_request","reference":"2026-17","maker":"maker",)"
                       R"("checker":"checker","at_ns":1772586000000000000})");
  CHECK(planned.value().documents[1].key == kOther);
  CHECK(planned.value().transfers.empty());
  CHECK_FALSE(violated_invariant(state, {}, CommandKind::kErasure, planned.value()));
}

TEST_CASE("erasure: the codec takes exactly what it writes") {
  CHECK_FALSE(decode_erasure(R"({"subject":"","request":"E1","reason":"subject_request",)"
                             R"("reference":"","maker":"a","checker":"b"})"));
  const auto planned = plan_erasure(book_with(), request(), now());
  REQUIRE(planned);
  const std::string bytes = planned.value().documents[0].bytes;
  const auto decoded = decode_erasure(bytes);
  REQUIRE(decoded);
  CHECK(decoded->at == now().now);
  CHECK(encode(*decoded) == bytes);
  for (const std::string& bad :
       {std::string(), std::string("{}"), bytes + " ", "{\"x\":1," + bytes.substr(1)}) {
    INFO(bad);
    CHECK_FALSE(decode_erasure(bad));
  }
}

TEST_CASE("erasure: what is malformed or made by one person is refused") {
  const auto refused = [](auto change) {
    ErasureRequest asked = request();
    change(asked);
    const auto planned = plan_erasure(book_with(), asked, now());
    return planned ? std::string("accepted")
                   : fmt::format("{} {}", name_of(planned.error().code), planned.error().detail);
  };
  using R = ErasureRequest;
  CHECK(refused([](R& r) { r.keys.clear(); }) == "value_invalid keys");
  CHECK(refused([](R& r) { r.keys = {kKey, kKey}; }) == "value_invalid keys");
  CHECK(refused([](R& r) { r.keys = {""}; }) == "value_invalid keys");
  CHECK(refused([](R& r) { r.keys = {"a:b"}; }) == "value_invalid keys");
  CHECK(refused([](R& r) { r.keys = {std::string(33, 'k')}; }) == "value_invalid keys");
  for (const char* none :
       {"8080/notify\",\"return_url\"", "q7.0a1b2c3d", "p.0a1b2c3d", "p07.0a1b2c3d", "p7.0A1B2C3D",
        "p7.0a1b2c3", "p7.0a1b2c3d4", "p7", "p12345678901234567890.0a1b2c3d"}) {
    INFO(none);
    CHECK(refused([none](R& r) { r.keys = {none}; }) == "value_invalid keys");
  }
  CHECK(refused([](R& r) { r.erasure.reason = "张三 asked"; }) == "value_invalid reason");
  CHECK(refused([](R& r) { r.erasure.reference = "张三"; }) == "value_invalid reference");
  for (const std::string& none : {std::string("2026 17"), std::string("2026:17"),
                                  std::string("[1]"), std::string("{1}"), std::string(65, 'A')}) {
    INFO(none);
    CHECK(refused([&](R& r) { r.erasure.reference = none; }) == "value_invalid reference");
  }
  CHECK(refused([](R& r) { r.erasure.reference = "AZ-az-09"; }) == "accepted");
  CHECK(refused([](R& r) {
          r.keys.clear();
          for (int i = 0; i < 65; ++i) r.keys.push_back(fmt::format("p{}.0a1b2c3d", i));
        }) == "value_invalid keys");
  CHECK(refused([](R& r) { r.erasure.subject = "6222"; }) == "value_invalid subject");
  CHECK(refused([](R& r) { r.erasure.checker = "maker"; }) == "same_person E1");
  CHECK(refused([](R& r) { r.erasure.checker.clear(); }) == "same_person E1");
  CHECK(refused([](R& r) { r.erasure.maker.clear(); }) == "same_person E1");
  CHECK(refused([](R& r) { r.erasure.subject.clear(); }) == "accepted");
}

TEST_CASE("erasure: an open document of any kind that needs the key stands against it") {
  struct Row {
    DocumentKind kind;
    const char* detail;
  };
  const Row rows[] = {{DocumentKind::kOrder, "order D1"},
                      {DocumentKind::kRefund, "refund D1"},
                      {DocumentKind::kPayout, "payout D1"},
                      {DocumentKind::kRefundRequest, "refund request D1"},
                      {DocumentKind::kPayoutRequest, "payout request D1"},
                      {DocumentKind::kAuthorityRequest, "authority request D1"},
                      {DocumentKind::kMerchant, "merchant D1"}};
  ChangeSet made = plan_erasure(book_with(), request(), now()).value();
  // A sub-account is open for ever, and its purpose is needed for nothing.
  const State standing = book_with({holder(DocumentKind::kSubAccount, true, kKey)});
  CHECK(plan_erasure(standing, request(), now()));
  CHECK(violated_invariant(standing, {}, CommandKind::kErasure, made) == std::nullopt);
  for (const Row& row : rows) {
    INFO(row.detail);
    const State open = book_with({holder(row.kind, true, kKey)});
    const auto planned = plan_erasure(open, request(), now());
    REQUIRE_FALSE(planned);
    CHECK(planned.error().code == RefusalCode::kPersonalDataInUse);
    CHECK(planned.error().detail == row.detail);
    // And would not get by the invariant if a planner let it.
    CHECK(violated_invariant(open, {}, CommandKind::kErasure, made) ==
          "erasures_are_safe: a key is erased that an open document needs");
    CHECK(plan_erasure(book_with({holder(row.kind, false, kKey)}), request(), now()));
    CHECK(plan_erasure(book_with({holder(row.kind, true, kOther)}), request(), now()));
    // A longer name that begins alike is another key.
    CHECK(plan_erasure(book_with({holder(row.kind, true, std::string(kKey) + "4")}), request(),
                       now()));
  }
}

TEST_CASE("erasure: of several that need the key one is named, below a view with changes as well") {
  const auto order = [](std::string id) {
    Document document = holder(DocumentKind::kOrder, true, kKey);
    document.key = std::move(id);
    return document;
  };
  Document another = holder(DocumentKind::kOrder, true, kOther);
  another.key = "D4";
  const State below = book_with({order("D2"), order("D1"), order("D3"), another});
  const auto planned = plan_erasure(below, request(), now());
  REQUIRE_FALSE(planned);
  CHECK(planned.error().detail == "order D1");  // the first by its key
  const Overlay nothing_changed(below);
  CHECK(plan_erasure(nothing_changed, request(), now()).error().code ==
        RefusalCode::kPersonalDataInUse);
  const ChangeSet made = plan_erasure(book_with(), request(), now()).value();
  CHECK(erasure_violated(below, CommandKind::kErasure, made) ==
        "a key is erased that an open document needs");
  // What the same command finishes needs it no more; another order still does.
  ChangeSet finishes = made;
  for (const char* id : {"D1", "D2"}) finishes.documents.push_back(order(id));
  CHECK(erasure_violated(below, CommandKind::kErasure, finishes) ==
        "a key is erased that an open document needs");
  finishes.documents.push_back(order("D3"));
  CHECK_FALSE(erasure_violated(below, CommandKind::kErasure, finishes));
}

TEST_CASE("erasure: what people write in a document is no seal") {
  const auto order = [](const std::string& member) {
    return Document{DocumentKind::kOrder, "D1", 1, true, "{" + member + "}"};
  };
  const std::string key = kKey;
  for (const std::string& written :
       {R"("notify_url":"http://task1:8080/k1:)" + key + R"(:")", R"("label":"k1:)" + key + R"(:")",
        R"("label":"payee_sealed\":\"k1:)" + key + R"(:")"}) {
    INFO(written);
    CHECK(plan_erasure(book_with({order(written)}), request(), now()));
  }
}

TEST_CASE("erasure: a view with changes on top counts what they finish and what they open") {
  const State below = book_with({holder(DocumentKind::kPayout, true, kKey)});
  Overlay finished(below);
  ChangeSet changes;
  changes.documents.push_back(holder(DocumentKind::kPayout, false, kKey));
  finished.apply(changes);
  CHECK(plan_erasure(finished, request(), now()));
  const State empty = book_with();
  Overlay opened(empty);
  changes.documents[0].open = true;
  opened.apply(changes);
  CHECK(plan_erasure(opened, request(), now()).error().code == RefusalCode::kPersonalDataInUse);
}

TEST_CASE("erasure: a key goes once, and what needs it afterwards is refused") {
  const ChangeSet made = plan_erasure(book_with(), request(), now()).value();
  const State state = book_with({made.documents[0]});
  const auto again = plan_erasure(state, request(), now());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == RefusalCode::kPersonalDataErased);
  CHECK(again.error().detail == kKey);
  CHECK(check_not_erased(state, "k1:p7.0a1b2c3d:AAAA").error().code ==
        RefusalCode::kPersonalDataErased);
  CHECK(check_not_erased(state, "k1:o7.0a1b2c3d:AAAA"));
  CHECK(check_not_erased(state, ""));
  CHECK(check_not_erased(state, "v1:AAAA"));
}

TEST_CASE("erasure: the invariant names what no planner should have made") {
  const State state = book_with();
  const ChangeSet good = plan_erasure(state, request(), now()).value();
  const auto verdict = [&](auto change, CommandKind kind = CommandKind::kErasure) {
    ChangeSet changes = good;
    change(changes);
    return violated_invariant(state, {}, kind, changes).value_or("none");
  };
  using C = ChangeSet;
  CHECK(verdict([](C&) {}, CommandKind::kSetting) ==
        "erasures_are_safe: a key is erased by another command");
  CHECK(verdict([](C& c) { c.documents.clear(); }) ==
        "erasures_are_safe: an erasure erases nothing, or moves money");
  CHECK(verdict([](C& c) { c.documents[0].open = true; }) ==
        "erasures_are_safe: an erasure is not whole");
  CHECK(verdict([](C& c) { c.documents[0].bytes = "{}"; }) ==
        "erasures_are_safe: an erasure is not whole");
  CHECK(verdict([](C& c) {
          Erasure alone = *decode_erasure(c.documents[0].bytes);
          alone.checker = alone.maker;
          c.documents[0].bytes = encode(alone);
        }) == "erasures_are_safe: a key is not erased by two");
  // By itself, where others would speak first.
  const auto judged = [&](auto change) {
    ChangeSet changes = good;
    change(changes);
    return erasure_violated(state, CommandKind::kErasure, changes).value_or("none");
  };
  const auto by = [](const char* maker, const char* checker) {
    return [maker, checker](C& c) {
      Erasure erasure = *decode_erasure(c.documents[0].bytes);
      erasure.maker = maker;
      erasure.checker = checker;
      c.documents[0].bytes = encode(erasure);
    };
  };
  CHECK(judged(by("maker", "checker")) == "none");
  CHECK(judged(by("", "checker")) == "a key is not erased by two");
  CHECK(judged(by("maker", "")) == "a key is not erased by two");
  CHECK(judged([](C& c) { c.documents[0].version = 2; }) == "an erasure is not whole");
  CHECK(judged([](C& c) {
          c.transfers.push_back(Transfer{AccountId{1}, AccountId{2}, 1, TransferKind::kPosted});
        }) == "an erasure erases nothing, or moves money");
  CHECK_FALSE(erasure_violated(state, CommandKind::kSetting, ChangeSet{}));
}
