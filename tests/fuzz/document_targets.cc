#include <catch2/catch.hpp>

#include "ledger/base/check.h"
#include "ledger/core/chart.h"
#include "ledger/core/chart_templates.h"
#include "ledger/core/terms_history.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/core/year_close.h"
#include "ledger/store/business_key_projection.h"
#include "ledger/store/entry_rows.h"
#include "ledger/store/id_projection.h"
#include "ledger/store/id_rows.h"
#include "ledger/store/roll_up.h"
#include "ledger/store/root_file.h"
#include "tests/fuzz/target.h"

namespace suanpan::test {
namespace {

/// What is taken is the one form of what it says.
template <class Decode>
std::function<bool(std::string_view)> one_form(Decode decode) {
  return [decode](std::string_view input) {
    const auto value = decode(input);
    if (!value) return false;
    CHECK_OR_DIE(encode(*value) == input, "a value has two forms");
    return true;
  };
}

// ---- keys: whatever sorts by its bytes sorts as what it stands for

/// The bytes of two things, one after the other, of equal length.
template <class Decode, class Encode>
bool ordered(std::string_view input, std::size_t size, Decode decode, Encode again) {
  if (input.size() != 2 * size) return false;
  const std::string_view first = input.substr(0, size), second = input.substr(size);
  const auto a = decode(first), b = decode(second);
  CHECK_OR_DIE(again(a) == first && again(b) == second, "a key has two forms");
  CHECK_OR_DIE((a < b) == (first < second) && (a == b) == (first == second),
               "keys sort otherwise than what they stand for");
  return true;
}

bool read_claim_keys(std::string_view input) {
  return ordered(
      input, 20,
      [](std::string_view bytes) {
        const auto key = ClaimKey::from_bytes(bytes);
        CHECK_OR_DIE(key && ClaimKey::from_hex(key->hex()) == key, "an id does not come back");
        return *key;
      },
      [](const ClaimKey& key) { return key.bytes(); });
}

using Place = std::pair<std::uint32_t, EntryPosition>;
bool read_entry_keys(std::string_view input) {
  return ordered(
      input, 16,
      [](std::string_view bytes) {
        return Place{static_cast<std::uint32_t>(from_big_endian(bytes.substr(0, 4))),
                     first_position(bytes)};
      },
      [](const Place& place) { return entry_row_key(AccountId{place.first}, place.second); });
}

using RunPlace = std::pair<std::uint32_t, ClaimKey>;
bool read_claim_row_keys(std::string_view input) {
  return ordered(
      input, 24,
      [](std::string_view bytes) {
        return RunPlace{static_cast<std::uint32_t>(from_big_endian(bytes.substr(0, 4))),
                        *ClaimKey::from_bytes(bytes.substr(4))};
      },
      [](const RunPlace& place) { return claim_row_key(place.first, place.second); });
}

using Bucket = std::pair<std::uint16_t, std::uint64_t>;
bool read_bucket_keys(std::string_view input) {
  return ordered(
      input, 10,
      [](std::string_view bytes) {
        return Bucket{static_cast<std::uint16_t>(from_big_endian(bytes.substr(0, 2))),
                      from_big_endian(bytes.substr(2))};
      },
      [](const Bucket& place) { return key_row_key(place.first, place.second); });
}

// ---- rows: a key of a fixed length, or one whose length stands before it, then the value

bool read_key_marks(std::string_view input) {
  if (input.size() < 10) return false;
  const auto marks = decode_key_row(input.substr(0, 10), input.substr(10));
  if (!marks) return false;
  CHECK_OR_DIE(!marks->empty(), "a row without marks");
  CHECK_OR_DIE(encode_key_row(*marks) == input.substr(10), "a row of marks has two forms");
  for (std::size_t i = 1; i < marks->size(); ++i)
    CHECK_OR_DIE((*marks)[i - 1].seq < (*marks)[i].seq, "marks do not rise");
  return true;
}

bool read_roll_up(std::string_view input) {
  if (input.empty()) return false;
  const std::size_t size =
      std::min<std::size_t>(static_cast<std::uint8_t>(input[0]), input.size() - 1);
  const std::string_view key = input.substr(1, size), value = input.substr(1 + size);
  const auto row = decode_roll_up(key, value);
  if (!row) return false;
  CHECK_OR_DIE(roll_up_key(row->path, row->currency) == key && encode_roll_up_value(*row) == value,
               "a roll-up has two forms");
  return true;
}

bool read_root(std::string_view input) {
  const auto root = DailyRoot::parse(input);
  if (!root) return false;
  CHECK_OR_DIE(root.value().line() == input, "a daily root has two forms");
  return true;
}

std::vector<std::string> subjects() {
  std::vector<std::string> seeds;
  for (const std::string_view name : chart_template_names()) {
    const auto request = chart_template(name);
    REQUIRE(request);
    for (const Subject& subject : request->subjects) seeds.push_back(encode(subject));
  }
  return seeds;
}

VoucherRules some_rules() {
  VoucherRules rules;
  rules.expects.push_back({AccountId{3}, 7, BalanceOf::kAvailable, {}, {}});
  rules.expects.push_back({AccountId{4}, {}, BalanceOf::kPosted, -5, 100});
  rules.sweeps.push_back({1, Sweep::kDebit, 900});
  rules.sweeps.push_back({2, Sweep::kDebit | Sweep::kCredit});
  return rules;
}

DailyRoot some_root() {
  DailyRoot root;
  root.book = Id128{1, 2};
  root.day = Date{20'516};
  root.next = Date{20'517};
  root.seq = 123'456;
  root.hash[0] = 0xab;
  root.ed25519 = std::string(64, 'e');
  root.sm2 = std::string(70, 's');
  return root;
}

}  // namespace

std::vector<FuzzTarget> document_targets() {
  const AccountTerms line{LimitKind::kCreditLine, 500, false, true, false, true};
  const TermsChange change{ClaimKey{Id128{1, 2}, CallerId{3}}, Timestamp{4}, AccountTerms{}, line};
  const YearClose year{2026, YearCloseState::kCarrying, "张三", "李四", 12};
  const std::string claims =
      ClaimKey{Id128{1, 2}, CallerId{3}}.bytes() + ClaimKey{Id128{1, 3}, CallerId{3}}.bytes();
  const auto two = [](const std::string& a, const std::string& b) { return a + b; };
  RollUp roll_up{"2101/M1", Currency::kCNY, {}, 3};
  roll_up.totals.credits_posted = Int128{1} << 70;
  roll_up.totals.credits_red = -5;
  const std::string roll_up_name = roll_up_key(roll_up.path, roll_up.currency);
  return {
      {"subjects", subjects(), one_form(decode_subject)},
      {"charts",
       {encode(Chart{"platform", true}), encode(Chart{"free", false})},
       one_form(decode_chart)},
      {"changes of terms", {encode(change)}, one_form(decode_terms_change)},
      {"rules of vouchers",
       {encode(some_rules()), encode(VoucherRules{})},
       one_form(decode_voucher_rules)},
      {"closes of years", {encode(year)}, one_form(decode_year_close)},
      {"daily roots", {some_root().line()}, read_root},
      {"claim keys", {claims}, read_claim_keys},
      {"entry row keys",
       {two(entry_row_key(AccountId{7}, {8, 3}), entry_row_key(AccountId{7}, {8, 4}))},
       read_entry_keys},
      {"claim row keys",
       {two(claim_row_key(1, ClaimKey{Id128{1, 2}, CallerId{3}}),
            claim_row_key(2, ClaimKey{Id128{1, 2}, CallerId{3}}))},
       read_claim_row_keys},
      {"business key row keys", {two(key_row_key(5, 9), key_row_key(5, 300))}, read_bucket_keys},
      {"business key rows",
       {key_row_key(5, 9) + encode_key_row({{9, 1}, {10, 2}, {400, 3}})},
       read_key_marks},
      {"roll-ups",
       {static_cast<char>(roll_up_name.size()) + roll_up_name + encode_roll_up_value(roll_up)},
       read_roll_up},
  };
}

}  // namespace suanpan::test
