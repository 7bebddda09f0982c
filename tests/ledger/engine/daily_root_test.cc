// The signed root of every day: written with the cut, written after a crash, held by verify.
#include "ledger/engine/daily_root.h"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "ledger/base/digest.h"
#include "tests/support/kept_book.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

using Catch::Matchers::Contains;
using test::fault_in;

std::vector<DailyRoot> roots_in(const fs::path& folder) {
  auto roots = RootFile::read(folder / "roots");
  if (!roots) FAIL(roots.error().message);
  return roots.value();
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// Three days: 1, 2 and 3 vouchers of 100.
struct ThreeDays {
  test::TempFolder folder;
  test::KeptBook kept{folder.path() / "book"};
  ThreeDays() {
    kept.open();
    for (int day = 1; day <= 3; ++day) {
      kept.post(day);
      kept.cut_day();
    }
    kept.post(1);
  }
  fs::path book() const { return folder.path() / "book"; }
};

}  // namespace

TEST_CASE("daily root: every day cut leaves one that holds, signed twice") {
  ThreeDays days;
  days.kept.close();
  const auto roots = roots_in(days.book());
  REQUIRE(roots.size() == 3);
  CHECK(roots[0].day.iso() == "2026-03-04");
  CHECK(roots[0].next.iso() == "2026-03-05");
  CHECK(roots[2].day.iso() == "2026-03-06");
  CHECK(roots[0].seq < roots[1].seq);
  const auto judge = RootVerifier::from_pem(text_of(days.book() / "root.key.pub"));
  REQUIRE(judge);
  REQUIRE(judge.value().ed25519);
  REQUIRE(judge.value().sm2);
  for (const DailyRoot& root : roots) CHECK_FALSE(judge.value().judge(root));
  const auto report = verify(days.book());
  REQUIRE(report);
  CHECK(report.value().first_fault.empty());
  CHECK(report.value().counters.roots == 3);
  // Two accounts that moved by 100 on the first day, as the header of daily_root.h lays them out.
  std::string rows;
  const auto put = [&](auto value) { rows.append(reinterpret_cast<char*>(&value), sizeof value); };
  put(std::uint32_t{1}), put(std::uint16_t{4}), rows += "1002", put(std::uint16_t{156});
  put(std::int64_t{100}), put(std::int64_t{0}), put(std::int64_t{0}), put(std::int64_t{0});
  put(std::uint32_t{2}), put(std::uint16_t{6}), rows += "2101/a", put(std::uint16_t{156});
  put(std::int64_t{0}), put(std::int64_t{100}), put(std::int64_t{0}), put(std::int64_t{0});
  CHECK(hex_lower(roots[0].balances) == hex_lower(sha256(rows)));
}

TEST_CASE("daily root: the keys are nobody else's to read, and not in the database") {
  ThreeDays days;
  days.kept.close();
  struct stat status {};
  REQUIRE(::stat((days.book() / "root.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const std::string key = text_of(days.book() / "root.key");
  const std::string secret = key.substr(key.find('\n') + 1, 40);
  for (const auto& entry : fs::directory_iterator(days.book() / "db"))
    CHECK(text_of(entry.path()).find(secret) == std::string::npos);
  fs::permissions(days.book() / "root.key", fs::perms(0644));
  const auto opened = days.kept.try_open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kConfig);
}

TEST_CASE("daily root: one that a crash kept from being written is written at the start") {
  ThreeDays days;
  const std::string whole = (days.kept.close(), text_of(days.book() / "roots"));
  const auto before = roots_in(days.book());
  const std::size_t last_line = whole.rfind('\n', whole.size() - 2) + 1;
  struct {
    const char* what;
    std::string left;
  } const rows[] = {{"all is there", whole},
                    {"the last is missing", whole.substr(0, last_line)},
                    {"the last is torn", whole.substr(0, whole.size() - 9)},
                    {"the file was moved away", ""}};
  for (const auto& row : rows) {
    INFO(row.what);
    if (row.left.empty())
      fs::remove(days.book() / "roots");
    else
      write_text(days.book() / "roots", row.left);
    days.kept.open();
    days.kept.close();
    const auto after = roots_in(days.book());
    REQUIRE(after.size() == before.size());
    for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i].message() == before[i].message());
    CHECK(fault_in(days.book()) == "");
  }
}

TEST_CASE("daily root: of two days cut in one block, a crash between their roots loses neither") {
  test::TempFolder folder;
  test::KeptBook kept(folder.path() / "book");
  kept.open();
  kept.post(1);
  const auto cut = [](std::uint64_t n, unsigned day) {
    return suanpan::day_cut({{Id128{8, n}, CallerId{100}}, *Date::of(2026, 3, day)});
  };
  const auto answers = kept.book().run(std::vector<Command>{cut(1, 5), cut(2, 6)});
  REQUIRE(answers.size() == 2);
  for (const Answer& answer : answers) REQUIRE(answer.accepted());
  kept.post(1);
  kept.close();
  const auto before = roots_in(kept.folder());
  REQUIRE(before.size() == 2);
  REQUIRE(before[0].seq == before[1].seq);  // one block
  REQUIRE(fault_in(kept.folder()) == "");
  for (const std::size_t left : {std::size_t{1}, std::size_t{0}, std::size_t{2}}) {
    INFO(left << " roots were left");
    REQUIRE(RootFile::write(kept.folder() / "roots", {before.data(), before.data() + left}));
    kept.open();
    kept.close();
    const auto after = roots_in(kept.folder());
    REQUIRE(after.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(after[i].message() == before[i].message());
    CHECK(fault_in(kept.folder()) == "");
  }
}

TEST_CASE("daily root: what was changed, forged or taken away is named by verify") {
  ThreeDays days;
  days.kept.close();
  const auto good = roots_in(days.book());
  const auto keys = RootKeys::open(days.book() / "root.key", false);
  REQUIRE(keys);
  const auto signed_anew = [&](std::size_t at, const std::function<void(DailyRoot&)>& change) {
    auto roots = good;
    change(roots[at]);
    keys.value().sign(roots[at]);
    return roots;
  };
  auto bent_ed = good, bent_sm2 = good, missing = good, doubled = good;
  bent_ed[1].ed25519[5] = static_cast<char>(bent_ed[1].ed25519[5] ^ 1);
  bent_sm2[1].sm2[20] = static_cast<char>(bent_sm2[1].sm2[20] ^ 1);
  missing.erase(missing.begin() + 1);
  doubled.insert(doubled.begin() + 1, doubled[0]);
  struct {
    std::vector<DailyRoot> roots;
    std::string fault;
  } const rows[] = {
      {good, ""},
      {doubled, ""},
      {bent_ed, "the root of 2026-03-05.*its Ed25519 signature does not hold"},
      {bent_sm2, "the root of 2026-03-05.*its SM2 signature does not hold"},
      {missing, "the root of 2026-03-05.*it is missing"},
      {signed_anew(1, [](DailyRoot& r) { r.hash[3] ^= 1; }),
       "the root of 2026-03-05.*another hash than the journal's block"},
      {signed_anew(1, [](DailyRoot& r) { r.balances[3] ^= 1; }),
       "the root of 2026-03-05.*other balances than the journal gives"},
      {signed_anew(1, [](DailyRoot& r) { r.book.lo ^= 1; }),
       "the root of 2026-03-05.*another book's"},
      {signed_anew(1, [](DailyRoot& r) { r.next = r.next.plus_days(1); }),
       "the root of 2026-03-05.*another day after it"},
      {signed_anew(1, [](DailyRoot& r) { r.seq -= 1; }),
       "the root of 2026-03-05.*no day was cut there"},
      {signed_anew(2, [](DailyRoot& r) { r.seq += 100; }),
       "the root of 2026-03-06.*(it is missing|entries are missing)"},
  };
  for (const auto& row : rows) {
    INFO(row.fault);
    REQUIRE(RootFile::write(days.book() / "roots", row.roots));
    const std::string fault = fault_in(days.book());
    if (row.fault.empty())
      CHECK(fault == "");
    else
      CHECK_THAT(fault, Catch::Matchers::Matches(".*" + row.fault + ".*"));
  }
  write_text(days.book() / "roots", good[0].line() + "\nroot1 book=\n");
  CHECK_THAT(fault_in(days.book()), Contains("line 2: not a daily root"));
}

TEST_CASE("daily root: a key kept elsewhere tells a book that was written and signed anew") {
  ThreeDays days;
  days.kept.close();
  VerifyOptions options;
  options.root_key = text_of(days.book() / "root.key.pub");
  CHECK(fault_in(days.book(), options) == "");
  // Somebody makes the whole book again, with keys of his own.
  ThreeDays forged;
  forged.kept.close();
  CHECK(fault_in(forged.book()) == "");
  CHECK_THAT(fault_in(forged.book(), options), Contains("its Ed25519 signature does not hold"));
  test::TempFolder unsigned_folder;
  test::KeptBook bare(unsigned_folder.path() / "book", false);
  bare.open();
  bare.cut_day();
  bare.close();
  CHECK(fault_in(bare.folder()) == "");
  CHECK_THAT(fault_in(bare.folder(), options), Contains("the journal names none"));
  options.root_key = "no key";
  const auto report = verify(days.book(), options);
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::kMalformed);
}

TEST_CASE("daily root: a book opens with its own keys only, and not before its newest root") {
  ThreeDays days;
  days.kept.close();
  test::TempFolder other;
  fs::rename(days.book() / "root.key", other.path() / "mine");
  auto opened = days.kept.try_open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kNotFound);
  REQUIRE(RootKeys::open(days.book() / "root.key", true));
  opened = days.kept.try_open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kMismatch);
  fs::rename(other.path() / "mine", days.book() / "root.key");
  auto roots = roots_in(days.book());
  roots.push_back(roots.back());
  roots.back().seq += 100;
  REQUIRE(RootFile::write(days.book() / "roots", roots));
  opened = days.kept.try_open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kCorrupt);
}

TEST_CASE("daily root: a key file whose private half was damaged is refused before it signs") {
  ThreeDays days;
  days.kept.close();
  const fs::path file = days.book() / "root.key";
  const std::string whole = text_of(file);
  // The second key, SM2: after its version 1 come 32 bytes of private key, then the public one.
  const std::string begin_line = "-----BEGIN PRIVATE KEY-----\n";
  const std::size_t begin = whole.rfind(begin_line) + begin_line.size();
  const std::size_t end = whole.rfind("-----END PRIVATE KEY-----");
  std::string body = whole.substr(begin, end - begin);
  body.erase(std::remove(body.begin(), body.end(), '\n'), body.end());
  auto bytes = from_base64(body);
  REQUIRE(bytes);
  const std::size_t at = bytes->find(std::string("\x02\x01\x01\x04\x20", 5));
  REQUIRE(at != std::string::npos);
  (*bytes)[at + 20] = static_cast<char>((*bytes)[at + 20] ^ 1);
  body = base64(*bytes);
  for (std::size_t line = 64; line < body.size(); line += 65) body.insert(line, "\n");
  write_text(file, whole.substr(0, begin) + body + "\n" + whole.substr(end));
  const auto opened = days.kept.try_open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kCorrupt);
  CHECK_THAT(opened.error().message, Contains("its private keys are not those of its public keys"));
  write_text(file, whole);
  CHECK(days.kept.try_open());
}

TEST_CASE("daily root: roots that cannot be read are an error, and stay as they are") {
  ThreeDays days;
  days.kept.close();
  const fs::path file = days.book() / "roots";
  fs::rename(file, days.book() / "kept");
  fs::create_directory(file);  // opens for reading, and fails to be read
  const auto read = RootFile::read(file);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Errc::kIo);
  const auto opened = days.kept.try_open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kIo);
  fs::remove(file);
  fs::rename(days.book() / "kept", file);
  CHECK(fault_in(days.book()) == "");
}

TEST_CASE("daily root: a book that did not sign begins to when it gets keys") {
  test::TempFolder folder;
  {
    test::KeptBook before(folder.path() / "book", false);
    before.open();
    before.post(2);
    before.cut_day();
    before.post(2);
  }
  test::KeptBook after(folder.path() / "book", true);
  after.open();
  after.clock().set(Timestamp::of_cn(*Date::of(2026, 3, 6), 9, 0, 0));
  after.cut_day();
  after.close();
  const auto roots = roots_in(folder.path() / "book");
  REQUIRE(roots.size() == 1);
  CHECK(roots[0].day.iso() == "2026-03-05");
  CHECK(fault_in(folder.path() / "book") == "");
}
