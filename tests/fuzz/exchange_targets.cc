#include <sstream>

#include "api/v1/voucher_records.h"
#include "ledger/base/check.h"
#include "ledger/base/limits.h"
#include "ledger/exchange/export_entries.h"
#include "ledger/exchange/export_journal.h"
#include "ledger/exchange/journal_entry.h"
#include "ledger/exchange/plain_journal.h"
#include "tests/fuzz/target.h"
#include "tests/ledger/engine/random_book.h"

namespace suanpan::test {
namespace {

// ---- the batch of 128-byte records, written as its page says: api/v1/voucher_records.h

std::string transfer_record(const VoucherRequest& v) {
  std::string record(128, '\0');
  const auto put = [&](std::size_t at, auto value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      record[at + i] = static_cast<char>(static_cast<std::uint64_t>(value) >> 8 * i);
  };
  const std::string id = v.key.id.hex();
  for (std::size_t i = 0; i < 16; ++i)
    record[i] = static_cast<char>(std::stoi(id.substr(2 * i, 2), nullptr, 16));
  put(16, v.legs.at(0).debit.value);
  put(20, v.legs.at(0).credit.value);
  put(24, v.legs.at(0).amount);
  put(32, v.expires_at.ns);
  put(40, v.date ? v.date->days : 0);
  put(44, v.effective ? v.effective->days : 0);
  put(48, v.code);
  put(50, static_cast<std::uint8_t>(v.type));
  put(51, static_cast<std::uint8_t>(v.hold ? 1 : 0));
  if (v.text) {
    put(52, static_cast<std::uint8_t>(v.text->business_key.size()));
    record.replace(56, v.text->business_key.size(), v.text->business_key);
  }
  return record;
}

bool read_batch(std::string_view input) {
  const auto batch = api::v1::read_transfer_records(input, CallerId{7});
  if (!batch) return false;
  CHECK_OR_DIE(!batch.value().empty() && batch.value().size() <= kMaxBatchItems, "{} items",
               batch.value().size());
  std::string again;
  for (const VoucherRequest& v : batch.value()) {
    CHECK_OR_DIE(v.legs.size() == 1 && v.key.caller == CallerId{7} && !v.rules, "another item");
    again += transfer_record(v);
  }
  CHECK_OR_DIE(again == input, "a batch has two forms");
  return true;
}

std::string valid_batch(std::uint64_t first, std::size_t items) {
  std::string batch;
  for (std::uint64_t n = first; n < first + items; ++n) {
    VoucherRequest v;
    v.key.id = Id128{mix64(n), n};
    v.legs.push_back(Leg{AccountId{1}, AccountId{2}, static_cast<std::int64_t>(100 + n)});
    v.code = static_cast<std::uint16_t>(n);
    v.type = static_cast<VoucherType>(n % 4);
    v.hold = n % 3 == 0;
    if (v.hold) v.expires_at = Timestamp{1'772'582'400'000'000'000};
    if (n % 4 == 1) v.date = Date{20'516};
    if (n % 5 == 1) v.effective = Date{20'500};
    if (n % 2 == 0) {
      VoucherText text;
      text.business_key = n % 4 == 0 ? std::string(64, 'k') : "订单-" + std::to_string(n);
      v.text = std::make_shared<const VoucherText>(text);
    }
    batch += transfer_record(v);
  }
  return batch;
}

// ---- journals as text

bool line_and_message(const Error& error, std::string_view text) {
  std::size_t line = 0;
  return std::sscanf(error.message.c_str(), "line %zu: ", &line) == 1 && line >= 1 &&
         line <= static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n') + 1);
}

JournalEntry in_jsonl(const JournalEntry& entry) {
  const std::string line = to_jsonl(entry);
  const auto again = from_jsonl(std::string_view(line).substr(0, line.size() - 1));
  CHECK_OR_DIE(again && to_jsonl(again.value()) == line, "an entry has two forms in JSON");
  return again.value();
}

JournalEntry in_csv(const JournalEntry& entry) {
  const std::string rows = to_csv(entry);
  CsvEntries csv;
  std::string header = csv_header();
  header.pop_back();
  CHECK_OR_DIE(csv.take(header), "the header is refused");
  std::istringstream in(rows);
  for (std::string row; std::getline(in, row);)
    CHECK_OR_DIE(csv.take(row), "a row that was written is refused");
  const auto again = csv.finish();
  CHECK_OR_DIE(again && to_csv(*again) == rows, "an entry has two forms in CSV");
  return *again;
}

// What is taken is the same in either form, and by way of the other.
void same_in_both(const JournalEntry& entry) {
  const std::string jsonl = to_jsonl(entry), csv = to_csv(entry);
  CHECK_OR_DIE(to_jsonl(in_csv(in_jsonl(entry))) == jsonl, "JSON → CSV → JSON loses something");
  CHECK_OR_DIE(to_csv(in_jsonl(in_csv(entry))) == csv, "CSV → JSON → CSV loses something");
}

bool read_jsonl(std::string_view input) {
  const auto entry = from_jsonl(input);
  if (!entry) return false;
  same_in_both(entry.value());
  return true;
}

bool read_csv_rows(std::string_view input) {
  CsvEntries csv;
  std::string header = csv_header();
  header.pop_back();
  CHECK_OR_DIE(csv.take(header), "the header is refused");
  std::vector<JournalEntry> entries;
  std::istringstream in{std::string(input)};
  for (std::string row; std::getline(in, row);) {
    auto entry = csv.take(row);
    if (!entry) return false;
    if (entry.value()) entries.push_back(std::move(*entry.value()));
  }
  if (auto entry = csv.finish()) entries.push_back(std::move(*entry));
  for (const JournalEntry& entry : entries) same_in_both(entry);
  return !entries.empty();
}

bool read_plain(std::string_view input, Result<PlainJournal> (*read)(std::string_view)) {
  const auto journal = read(input);
  if (!journal) {
    CHECK_OR_DIE(line_and_message(journal.error(), input), "no line of the file in: {}",
                 journal.error().message);
    return false;
  }
  std::map<std::pair<std::string, Currency>, const PlainAccount*> accounts;
  std::set<std::string> codes;
  for (const PlainAccount& account : journal.value().accounts) {
    CHECK_OR_DIE(accounts.emplace(std::pair(account.source, account.currency), &account).second,
                 "an account is told twice");
    CHECK_OR_DIE(codes.insert(account.code).second && valid_account_code(account.code),
                 "a code is taken twice, or is none");
  }
  std::optional<Date> last;
  for (const PlainTransaction& t : journal.value().transactions) {
    CHECK_OR_DIE(!last || !(t.date < *last), "transactions are not in the order of their dates");
    last = t.date;
    std::map<Currency, Int128> sums;
    for (const PlainPosting& p : t.postings) {
      sums[p.amount.currency] += p.amount.minor;
      CHECK_OR_DIE(accounts.count({p.account, p.amount.currency}) == 1,
                   "a posting's account is not told");
    }
    for (const auto& [currency, sum] : sums)
      CHECK_OR_DIE(sum == 0, "the transaction of line {} does not balance", t.line);
  }
  return true;
}

std::string exported(const Book& book, Result<void> (*write)(const Book&, std::ostream&)) {
  std::ostringstream out;
  REQUIRE(write(book, out));
  return out.str();
}

}  // namespace

std::vector<FuzzTarget> exchange_targets() {
  FuzzTarget batch{
      "wire batch", {valid_batch(1, 1), valid_batch(2, 2), valid_batch(4, 7)}, read_batch};
  FuzzTarget jsonl{"journal as JSON lines", {}, read_jsonl};
  FuzzTarget csv{"journal as CSV", {}, read_csv_rows};
  FuzzTarget hledger{
      "journal of hledger", {}, [](auto in) { return read_plain(in, read_hledger); }};
  FuzzTarget beancount{
      "journal of beancount", {}, [](auto in) { return read_plain(in, read_beancount); }};
  RandomBook book(11);
  book.run(120);
  std::istringstream lines(exported(book.book(), export_jsonl));
  for (std::string line; std::getline(lines, line);) jsonl.seeds.push_back(line);
  const std::string rows = exported(book.book(), export_csv);
  std::istringstream in(rows.substr(csv_header().size()));
  for (std::string row, entry; std::getline(in, row);) {
    // Rows that begin an entry begin with its kind; further legs go with it.
    if (CsvEntries::goes_on(row))
      csv.seeds.back() += row + "\n";
    else
      csv.seeds.push_back(row + "\n");
  }
  // What another room did with a hold; a chart, a year's end, a voucher with rules in a group.
  const std::string stamp =
      R"("time":"2026-03-04T09:00:03+08:00","id":")" + std::string(40, '5') + "\"";
  const std::string head =
      stamp + R"(,"of":")" + std::string(40, '4') + R"(","summary":"结算付款")";
  for (const std::string& line :
       {R"({"kind":"void_hold",)" + head + "}",
        R"({"kind":"post_hold",)" + head +
            R"(,"number":1,"type":"payment","legs":[{"debit":"1002","credit":"2101/A","amount":3},)"
            R"({"debit":"2101/A","credit":"1002","amount":1}]})",
        R"({"kind":"chart",)" + stamp +
            R"(,"linked":true,"chart":"platform","subjects":[)"
            R"({"name":"银行存款","account_type":"asset","subject":"1002","dimensions":"bank"},)"
            R"({"name":"权益","account_type":"equity","subject":"41","group":true},)"
            R"({"name":"备抵","account_type":"asset","normal":"credit","subject":"1602"}]})",
        R"({"kind":"chart",)" + stamp +
            R"(,"refused":"subject_exists","name":"收入",)"
            R"("account_type":"income","subject":"6001","closes_into":"41/03"})",
        R"({"kind":"year_close",)" + stamp + R"(,"maker":"甲","year":2025,"step":"request"})",
        R"({"kind":"year_close",)" + stamp + R"(,"checker":"乙","year":2025,"step":"begin"})",
        R"({"kind":"year_close",)" + stamp +
            R"(,"number":1,"expected_version":2,"year":2025,"step":"carry","legs":[)"
            R"({"debit":"6001/A","credit":"41/03","amount":3},)"
            R"({"debit":"41/03","credit":"6601","amount":1}]})",
        R"({"kind":"year_close",)" + stamp +
            R"(,"expected_version":3,"year":2025,"step":"finish"})",
        R"({"kind":"voucher",)" + stamp +
            R"(,"type":"general","date":"2026-03-04","linked":true,)"
            R"("legs":[{"debit":"1002","credit":"2101/A","amount":0,"up_to":"both","at_most":7},)"
            R"({"debit":"2101/A","credit":"1002","amount":1}],"expects":[{"account":"1002",)"
            R"("expected_version":1,"posted":true,"at_least":-5,"at_most":90},)"
            R"({"account":":9","at_most":0}]})"}) {
    jsonl.seeds.push_back(line);
    csv.seeds.push_back(to_csv(from_jsonl(line).value()));
  }
  // Short ones as well, so that a change meets something that decides.
  for (const int steps : {0, 3, 12}) {
    RandomBook small(static_cast<std::uint64_t>(20 + steps));
    small.run(steps);
    hledger.seeds.push_back(exported(small.book(), export_hledger));
    beancount.seeds.push_back(exported(small.book(), export_beancount));
  }
  return {batch, jsonl, csv, hledger, beancount};
}

}  // namespace suanpan::test
