// Closed years in files of their own: written, read back, judged alone and with the book; cut
// short, damaged, forged.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "ledger/base/digest.h"
#include "ledger/store/rocks_store.h"
#include "tests/ledger/engine/closed_years.h"
#include "tests/ledger/engine/random_book.h"
#include "tests/support/killed.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

using Catch::Matchers::Contains;

using Fixture = test::ClosedYears;
using test::text_of;
using test::write_text;

/// The checkpoint with `from` replaced by `to`, everything in it consistent again and signed with
/// `keys`.
std::string forged(const std::string& text, const std::string& from, const std::string& to,
                   const RootKeys& keys) {
  auto parsed = ArchiveCheckpoint::parse(text);
  REQUIRE(parsed);
  ArchiveCheckpoint c = std::move(parsed.value());
  if (!from.empty()) {
    const std::size_t at = c.body.find(from);
    REQUIRE(at != std::string::npos);
    c.body.replace(at, from.size(), to);
  }
  c.digest = sha256(c.body);
  c.signatures = keys.sign(c.message());
  return c.body + c.signature_line() + "\n";
}

}  // namespace

TEST_CASE("archive: a closed year is written up to the block that closed it, and holds by itself") {
  Fixture f;
  f.year_2025();
  const std::uint64_t last = f.book->statistics().last_seq;
  const Archived archived = f.archive();
  CHECK_FALSE(archived.was_there);
  CHECK(archived.seq == last - 7);  // five vouchers, a cut and a voucher came after the close
  CHECK(archived.files == f.files().size() - 1);
  CHECK(archived.files > 3);
  CHECK(archived.counters.last_seq == archived.seq);
  CHECK(archived.counters.refusals == 1);
  CHECK(archived.counters.reversals == 1);
  CHECK(archived.counters.open_holds == 1);
  CHECK(archived.counters.roots == 2);
  CHECK(f.fault() == "");
  VerifyOptions kept;
  kept.root_key = text_of(f.folder / "root.key.pub");
  CHECK(f.fault(kept) == "");
  CHECK(f.archive().was_there);
}

TEST_CASE("archive: a checkpoint tells what the year came to, by hand") {
  Fixture f;
  f.year_2025();
  const Archived archived = f.archive();
  const std::string text = text_of(f.checkpoint());
  const std::string seq = std::to_string(archived.seq);
  // 1,000 and 300 and 20 and 3 into the bank, of which 400 were taken back in red.
  CHECK_THAT(text,
             Contains("{\"account\":\"1002/6228\",\"number\":1,\"name\":\"户\",\"type\":"
                      "\"asset\",\"normal\":\"debit\",\"currency\":\"CNY\",\"limit\":\"none\","
                      "\"credit_line\":\"0\",\"frozen_in\":false,\"frozen_out\":false,"
                      "\"closed\":false,\"hot\":false,\"version\":1,"
                      "\"debits_posted\":\"923\",\"credits_posted\":\"0\","
                      "\"debits_pending\":\"0\",\"credits_pending\":\"0\","
                      "\"debits_red\":\"-400\",\"credits_red\":\"0\",\"entries\":5,"
                      "\"latest\":\"2026-01-05\"}\n"));
  // 1,000 less 400 in red, 20, 3; 250 of it reserved for the other.
  CHECK_THAT(text, Contains("{\"below\":\"2101\",\"currency\":\"CNY\",\"accounts\":2,"
                            "\"debits_posted\":\"0\",\"credits_posted\":\"623\","
                            "\"debits_pending\":\"250\",\"credits_pending\":\"250\","
                            "\"debits_red\":\"0\",\"credits_red\":\"-400\"}\n"));
  CHECK_THAT(text, Contains("\"expires_ns\":\"0\",\"legs\":[{\"debit\":3,\"credit\":4,"
                            "\"amount\":\"250\",\"remaining\":\"250\"}]}\n"));
  CHECK_THAT(text, Contains("\"legs\":[\"400\"]}\n"));
  CHECK_THAT(text, Contains("{\"year\":\"2025\",\"state\":\"closed\",\"maker\":\"制单\","
                            "\"checker\":\"复核\","));
  CHECK_THAT(text, Contains("{\"day\":\"2026-01-05\",\"closed_through\":\"2025-12-31\","
                            "\"currency\":\"CNY\"}\n"));
  CHECK_THAT(text, Contains("\"claimed\":" + seq + "}\n"));
  CHECK_THAT(text, Contains("\nroot1 book="));
  CHECK_THAT(text, Contains("\ncheckpoint1 book=" + f.book->identity().value().hex() +
                            " seq=" + seq + " hash="));
}

TEST_CASE(
    "archive: a checkpoint says of a random book's accounts, holds and documents what it holds") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    test::RandomBook random(seed);
    random.run(600);
    const Book& book = random.book();
    JournalAudit journal([&](std::uint64_t seq) { return book.block_of(seq); });
    CheckpointFacts facts;
    for (std::uint64_t seq = 1; seq <= book.statistics().last_seq;) {
      const BlockPtr block = book.block_of(seq).value();
      REQUIRE(journal.take(*block).value() == Fault{});
      facts.take(*block);
      seq = block->last_seq() + 1;
    }
    const std::string body = checkpoint_body(Id128{1, 2}, journal, facts, {}, {});
    CHECK(body == checkpoint_body(Id128{1, 2}, journal, facts, {}, {}));
    std::string expected;  // the accounts, as the book shows them
    std::size_t open_holds = 0;
    book.read([&](const State& state, std::uint64_t) {
      for (const Account& account : state.accounts()) {
        const Balance& b = state.balance(account.id);
        expected += fmt::format(
            "\"version\":{},\"debits_posted\":\"{}\",\"credits_posted\":\"{}\","
            "\"debits_pending\":\"{}\",\"credits_pending\":\"{}\",\"debits_red\":\"{}\","
            "\"credits_red\":\"{}\"\n",
            account.version, b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending,
            b.debits_red, b.credits_red);
      }
      open_holds = state.open_documents(DocumentKind::kHold).size();
    });
    std::string found;
    std::size_t holds = 0, documents = 0;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
      holds += line.starts_with("{\"hold\":");
      documents += line.starts_with("{\"document\":");
      if (!line.starts_with("{\"account\":")) continue;
      const std::size_t from = line.find("\"version\":"), to = line.find(",\"entries\":");
      found += line.substr(from, to - from) + "\n";
    }
    CHECK(found == expected);
    CHECK(holds == open_holds);
    CHECK(documents == journal.audit().documents().size());
  }
}

TEST_CASE("archive: what may not be archived is refused by name") {
  Fixture f;
  f.post(f.bank, f.owner, 1);
  CHECK(f.refused(f.request()).message == "year 2025 is not closed");
  CHECK(f.refused(f.request()).code == Errc::kMismatch);
  CHECK(closed_year_until(*f.book, *Date::of(2026, 6, 30)).error().message ==
        "no year up to 2026-06-30 is closed");
  f.cut_to(*Date::of(2026, 1, 5));
  REQUIRE(f.book->run(request_year_close({f.key(), 2025, "制单"})).accepted());
  CHECK(f.refused(f.request()).message == "year 2025 is not closed");  // asked for only
  REQUIRE(close_year(*f.book, 2025, "复核"));
  CHECK(closed_year_until(*f.book, *Date::of(2026, 6, 30)).value() == 2025);
  CHECK_FALSE(closed_year_until(*f.book, *Date::of(2025, 12, 30)));
  CHECK(f.refused(f.request(2026)).message == "year 2026 is not closed");
  CHECK_FALSE(fs::exists(f.to));

  ArchiveRequest request = f.request();
  request.root_key = f.temp.path() / "nowhere";
  CHECK(f.refused(request).code == Errc::kNotFound);
  REQUIRE(RootKeys::open(f.temp.path() / "other.key", true));
  request.root_key = f.temp.path() / "other.key";
  CHECK(f.refused(request).code == Errc::kMismatch);
  CHECK_THAT(f.refused(request).message, Contains("not the keys that sign this book's days"));
  CHECK_FALSE(fs::exists(f.to));

  Fixture other;
  other.year_2025();
  other.to = f.to;
  other.archive();
  CHECK_THAT(f.refused(f.request()).message, Contains("another book's archive lies there"));

  Fixture unsigned_book(false);
  unsigned_book.cut_to(*Date::of(2026, 1, 5));
  unsigned_book.close(2025);
  CHECK(unsigned_book.refused(unsigned_book.request()).code == Errc::kUnsupported);
}

TEST_CASE("archive: a missing root, or a history that errs, keeps a checkpoint from being signed") {
  Fixture f;
  f.year_2025();
  const std::string roots = text_of(f.folder / "roots");
  write_text(f.folder / "roots", roots.substr(roots.find('\n') + 1));
  CHECK(f.refused(f.request()).code == Errc::kCorrupt);
  CHECK_THAT(f.refused(f.request()).message, Contains("the root of 2025-12-30"));
  CHECK_THAT(f.refused(f.request()).message, Contains("it is missing"));
  CHECK(verify_archive(f.to).error().code == Errc::kNotFound);

  write_text(f.folder / "roots", roots);
  f.book.reset();
  {
    auto store = open_rocks(f.folder / "db", RocksOptions{});
    REQUIRE(store);
    const auto cursor = store.value()->cursor(Table::kEntries);
    cursor->seek(big_endian(1, 4));  // the bank's
    REQUIRE(cursor->valid());
    REQUIRE(store.value()->write({{Table::kEntries, std::string(cursor->key()), std::nullopt}},
                                 Durability::kSynced));
  }
  f.open();
  CHECK_THAT(f.refused(f.request()).message,
             Contains("the history of 1002/6228 (account 1) has 0 debits and 0 credits") &&
                 Contains("the journal gives 923 and 0"));
  CHECK(verify_archive(f.to).error().code == Errc::kNotFound);
}

TEST_CASE("archive: a flipped bit in any file is named") {
  Fixture f;
  f.year_2025();
  f.archive();
  int flipped = 0;
  for (const fs::path& path : f.files()) {
    const std::string text = text_of(path);
    for (std::size_t at = 0; at < text.size(); at += at < 96 || at + 96 > text.size() ? 5 : 61) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      write_text(path, damaged);
      INFO(path.filename() << " at " << at);
      const std::string fault = f.fault();
      CHECK_THAT(fault, Contains(path.filename().string()));
      ++flipped;
    }
    write_text(path, text.substr(0, text.size() / 2));
    CHECK_THAT(f.fault(), Contains(path.filename().string()));
    write_text(path, text);
  }
  CHECK(flipped > 300);
  CHECK(f.fault() == "");
}

TEST_CASE("archive: a checkpoint that is a fen off is named by its line, whoever signed it") {
  Fixture f;
  f.year_2025();
  f.archive();
  const std::string text = text_of(f.checkpoint());
  const auto own = RootKeys::open(f.folder / "root.key", false);
  const auto other = RootKeys::open(f.temp.path() / "other.key", true);
  REQUIRE(own);
  REQUIRE(other);
  const struct {
    const char* from;
    const char* to;
  } rows[] = {
      {"\"debits_posted\":\"923\"", "\"debits_posted\":\"924\""},
      {"\"credits_red\":\"-400\"", "\"credits_red\":\"-401\""},
      {"\"remaining\":\"250\"", "\"remaining\":\"249\""},
      {"\"legs\":[\"400\"]", "\"legs\":[\"399\"]"},
      {"\"accounts\":2", "\"accounts\":3"},
      {"\"claimed\":", "\"claimed\":1"},
      {"\"state\":\"closed\"", "\"state\":\"carrying\""},
      {"\"limit\":\"none\"", "\"limit\":\"not_below_zero\""},
      {"\"last\":", "\"last\":1"},
      {"\"leaf\":true", "\"leaf\":false"},
      {"\"version\":1", "\"version\":2"},
      {"\"closed_through\":\"2025-12-31\"", "\"closed_through\":\"2025-12-30\""},
  };
  for (const auto& row : rows) {
    INFO(row.from);
    write_text(f.checkpoint(), forged(text, row.from, row.to, own.value()));
    const std::string fault = f.fault();
    CHECK_THAT(fault, Contains(f.checkpoint().filename().string() + ", line "));
    CHECK_THAT(fault, Contains(row.to) && Contains(", the journal gives "));
  }
  write_text(f.checkpoint(), forged(text, "", "", other.value()));
  CHECK_THAT(f.fault(), Contains("its Ed25519 signature does not hold"));
  write_text(f.checkpoint(), forged(text, "", "", own.value()));
  CHECK(f.fault() == "");
  VerifyOptions kept;
  kept.root_key = other.value().public_pem();
  CHECK_THAT(f.fault(kept), Contains("signature does not hold"));
  // A root in it that the keys did not sign.
  const std::size_t root = text.find("root1 "), end = text.find('\n', root);
  auto parsed = DailyRoot::parse(std::string_view(text).substr(root, end - root));
  REQUIRE(parsed);
  DailyRoot by_other = parsed.value();
  other.value().sign(by_other);
  write_text(f.checkpoint(), forged(text, parsed.value().line(), by_other.line(), own.value()));
  CHECK_THAT(f.fault(), Contains("the root of 2025-12-30") && Contains("does not hold"));
}

TEST_CASE("archive: a reversal long after its original is judged by the files alone") {
  Fixture f;
  std::vector<ClaimKey> posted;
  for (int i = 0; i < 60; ++i) posted.push_back(f.post(f.bank, f.owner, 100 + i));
  for (const std::size_t i : {0, 1, 30, 59}) {
    ReversalRequest red;
    red.key = f.key();
    red.original = posted[i];
    auto command = reversal(*f.book, red);
    REQUIRE(command);
    REQUIRE(f.book->run(std::move(command.value())).accepted());
  }
  f.cut_to(*Date::of(2026, 1, 5));
  f.close(2025);
  const Archived archived = f.archive();
  CHECK(archived.files > 10);
  CHECK(archived.counters.reversals == 4);
  CHECK(f.fault() == "");
  CHECK(f.whole_fault() == "");
}

TEST_CASE("archive: files that are missing, swapped or beyond its checkpoint are named") {
  Fixture f;
  f.year_2025();
  f.archive();
  const auto files = f.files();
  const fs::path aside = f.temp.path() / "aside";
  const auto without = [&](const fs::path& path) {
    fs::rename(path, aside);
    const std::string fault = f.fault();
    fs::rename(aside, path);
    return fault;
  };
  CHECK(without(files[2]) == "journal-000002: it is missing");
  CHECK_THAT(without(files.back()), Contains("no file ends there"));
  CHECK_THAT(without(files[0]), Contains("there is no whole archive"));
  const std::string one = text_of(files[1]), two = text_of(files[2]);
  write_text(files[1], two);
  write_text(files[2], one);
  CHECK(f.fault() == "journal-000001: it has another number");
  write_text(files[1], one);
  write_text(files[2], two);
  CHECK(f.fault() == "");
  // A longer archive whose newest checkpoint was taken away.
  f.year_2026();
  f.archive(2026);
  REQUIRE(f.fault() == "");
  fs::remove(f.files()[1]);
  CHECK_THAT(f.fault(), Contains("no checkpoint holds it; archiving was cut short"));
  CHECK_FALSE(f.archive(2026).was_there);
  CHECK(f.fault() == "");
}

TEST_CASE("archive: a later year is added to the same folder") {
  Fixture f;
  f.year_2025();
  const Archived first = f.archive();
  std::map<fs::path, std::string> before;
  for (const fs::path& path : f.files()) before[path] = text_of(path);
  f.year_2026();
  const Archived second = f.archive(2026);
  CHECK(second.seq > first.seq);
  CHECK(second.files > first.files);
  CHECK(second.counters.roots == 4);
  for (const auto& [path, text] : before) CHECK(text_of(path) == text);
  CHECK(f.fault() == "");
  CHECK_THAT(f.refused(f.request(2025)).message, Contains("holds more than year 2025"));
  // What a checkpoint holds is not written again.
  const fs::path held = f.to / archive_file_name(1);
  std::string damaged = text_of(held);
  damaged[damaged.size() / 2] ^= 1;
  write_text(held, damaged);
  CHECK(f.refused(f.request(2026)).code == Errc::kMismatch);
  CHECK(text_of(held) == damaged);
}

TEST_CASE("archive: cut short by a kill, it goes on and is as if it had not been", "[fork]") {
  Fixture f;
  f.year_2025();
  f.archive();
  std::map<std::string, std::string> whole;
  for (const fs::path& path : f.files())
    if (archive_file_number(path.filename().string())) whole[path.filename()] = text_of(path);
  f.book.reset();
  BookOptions options;
  options.folder = f.folder;
  options.read_only = true;
  const int kills = test::kill_at_every_step(
      3, [&] { fs::remove_all(f.to); },
      [&](int stop) {
        auto book = Book::open(options, f.clock);
        if (!book) ::_exit(2);
        ArchiveRequest request = f.request();
        int step = 0;
        request.progress = [&](std::uint64_t, std::uint64_t) {
          if (++step == stop) ::kill(::getpid(), SIGKILL);
        };
        (void)archive_book(*book.value(), request);
      },
      [&] {
        auto book = Book::open(options, f.clock);
        REQUIRE(book);
        auto archived = archive_book(*book.value(), f.request());
        if (!archived) FAIL(archived.error().message);
        for (const auto& [name, text] : whole) CHECK(text_of(f.to / name) == text);
        CHECK(f.files().size() == whole.size() + 1);
      });
  CHECK(kills > 10);
}

TEST_CASE("archive: of a book that is open for writing, by itself or by who only reads it") {
  Fixture f;
  f.year_2025();
  const std::uint64_t last = f.book->statistics().last_seq;
  const bool by_reader = GENERATE(false, true);
  std::unique_ptr<Book> reader;
  if (by_reader) {
    BookOptions options;
    options.folder = f.folder;
    options.read_only = true;
    auto opened = Book::open(options, f.clock);
    if (!opened) FAIL(opened.error().message);
    reader = std::move(opened.value());
  }
  std::atomic<bool> stop{false};
  std::thread posting([&] {
    for (std::uint64_t i = 1; !stop; ++i) {
      VoucherRequest request;
      request.key = {Id128{7, i}, CallerId{100}};
      request.legs.push_back(Leg{f.bank, f.owner, 1});
      if (!f.book->run(request).accepted()) break;
    }
  });
  while (f.book->statistics().last_seq == last) std::this_thread::yield();
  auto archived = archive_book(by_reader ? *reader : *f.book, f.request());
  stop = true;
  posting.join();
  if (!archived) FAIL(archived.error().message);
  CHECK(archived.value().seq == last - 7);
  CHECK(f.book->statistics().last_seq > last);
  CHECK(f.fault() == "");
  CHECK(f.whole_fault() == "");
}

TEST_CASE("archive: leftovers of a run for a later year go when an earlier one is archived") {
  Fixture f;
  f.year_2025();
  f.year_2026();
  f.archive(2026);
  const std::size_t many = f.files().size();
  fs::remove(f.checkpoint());  // as if it had been cut short at its end
  f.archive(2025);
  CHECK(f.files().size() < many);
  CHECK(f.fault() == "");
}

TEST_CASE("verify: with an archive it takes its part of the journal from there") {
  Fixture f;
  f.year_2025();
  const Archived archived = f.archive();
  f.book.reset();
  const auto alone = verify(f.folder);
  VerifyOptions options;
  options.archive = f.to;
  const auto with = verify(f.folder, options);
  REQUIRE(alone);
  REQUIRE(with);
  CHECK(with.value().first_fault == "");
  CHECK(with.value().archived_until == archived.seq);
  CHECK(alone.value().archived_until == 0);
  const VerifyCounters a = alone.value().counters, b = with.value().counters;
  CHECK(a.blocks == b.blocks);
  CHECK(a.commands == b.commands);
  CHECK(a.transfers == b.transfers);
  CHECK(a.documents == b.documents);
  CHECK(a.roots == b.roots);
  CHECK(a.last_seq == b.last_seq);
}

TEST_CASE("verify: with an archive, what does not fit the book is named") {
  Fixture f;
  f.year_2025();
  SECTION("another book's") {
    Fixture other;
    other.year_2025();
    other.archive();
    f.to = other.to;
    CHECK(f.whole_fault() == "the archive is another book's");
  }
  SECTION("of the same book, which then went another way") {
    f.book.reset();
    Fixture branch;
    branch.book.reset();
    fs::remove_all(branch.folder);
    fs::copy(f.folder, branch.folder, fs::copy_options::recursive);
    f.open();
    f.year_2026();
    f.archive(2026);
    branch.open();
    branch.n = f.n + 1'000;
    branch.post(branch.bank, branch.owner, 77);
    branch.year_2026();
    branch.to = f.to;
    CHECK_THAT(branch.whole_fault(), Contains("it is not the one that the archive ends with"));
  }
  SECTION("longer than the book") {
    f.book.reset();
    Fixture early;
    early.book.reset();
    fs::remove_all(early.folder);
    fs::copy(f.folder, early.folder, fs::copy_options::recursive);
    f.open();
    f.year_2026();
    f.archive(2026);
    early.to = f.to;
    CHECK_THAT(early.whole_fault(), Contains("is missing"));
  }
  SECTION("a damaged file") {
    f.archive();
    const fs::path path = f.to / archive_file_name(2);
    std::string text = text_of(path);
    text[text.size() / 2] ^= 1;
    write_text(path, text);
    CHECK_THAT(f.whole_fault(), Contains("journal-000002"));
  }
  SECTION("a table of the book, which is held against the archive's journal") {
    f.archive();
    f.book.reset();
    {
      auto store = open_rocks(f.folder / "db", RocksOptions{});
      REQUIRE(store);
      const auto row = store.value()->get(Table::kAccounts, big_endian(1, 4));
      REQUIRE((row && row.value()));
      const auto other = store.value()->get(Table::kAccounts, big_endian(2, 4));
      REQUIRE((other && other.value()));
      REQUIRE(store.value()->write({{Table::kAccounts, big_endian(1, 4), *other.value()}},
                                   Durability::kSynced));
    }
    CHECK_THAT(f.whole_fault(), Contains("table accounts"));
  }
}

TEST_CASE("archive: bad input: names and checkpoints that nobody wrote are none") {
  CHECK(archive_file_number("journal-000012") == 12u);
  CHECK(archive_file_number("journal-1234567") == 1'234'567u);
  for (const char* name : {"", "journal-", "journal-12", "journal-000000", "journal-0000012",
                           "journal-000012.new", "journal--00012", "checkpoint-000012"}) {
    INFO(name);
    CHECK_FALSE(archive_file_number(name));
  }
  CHECK(checkpoint_seq("checkpoint-00000000000000000042") == 42u);
  for (const char* name : {"", "checkpoint-42", "checkpoint-000000000000000000042",
                           "checkpoint-00000000000000000042.new", "journal-000001"}) {
    INFO(name);
    CHECK_FALSE(checkpoint_seq(name));
  }
  for (const char* text : {"", "\n", "checkpoint1\n", "{}\n", "checkpoint1 book= seq= hash=\n"}) {
    const auto parsed = ArchiveCheckpoint::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::kCorrupt);
  }
  Fixture f;
  f.year_2025();
  f.archive();
  const std::string text = text_of(f.checkpoint());
  for (std::size_t size = 0; size < text.size(); size += 3)
    CHECK_FALSE(ArchiveCheckpoint::parse(std::string_view(text).substr(0, size)));
  CHECK(ArchiveCheckpoint::parse(text));
  const fs::path file = f.to / archive_file_name(1);
  const std::string bytes = text_of(file);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    write_text(file, bytes.substr(0, size));
    const auto read = ArchiveFile::read(file);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::kCorrupt);
  }
}
