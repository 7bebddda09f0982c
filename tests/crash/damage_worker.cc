// Judges a book that was damaged, in a process of its own, since damage may end it:
//
//   damage_worker FOLDER ROOT_KEY
//
// says on standard output what verify finds, with the public root key kept in the file ROOT_KEY,
// what the book answers, and what verify finds when a day more was cut and signed:
//   verify: ok | verify: FAULT | verify: cannot: ERROR
//   open: refused: ERROR | answers: DIGEST | answers: cannot: ERROR
//   then: ok | then: FAULT | then: cannot: ERROR
#include <cstdio>
#include <fstream>
#include <sstream>

#include "ledger/engine/verify.h"
#include "tests/crash/every_answer.h"

using namespace suanpan;

namespace {

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void say_verified(const std::string& name, const char* folder, const VerifyOptions& options) {
  if (const auto report = verify(folder, options); !report)
    say(name + ": cannot: " + report.error().message);
  else
    say(name + ": " + (report.value().ok ? "ok" : report.value().first_fault));
}

void cut_day(Book& book) {
  const Date next = book.read(
      [](const State& s, std::uint64_t) { return s.book().accounting_date.plus_days(1); });
  book.run(day_cut({ClaimKey{id_of("a day more"), kSystemCaller}, next}));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  VerifyOptions with_key;
  std::ostringstream key;
  key << std::ifstream(argv[2]).rdbuf();
  with_key.root_key = key.str();
  say_verified("verify", argv[1], with_key);
  const ManualClock clock(Timestamp{0});  // nothing expires
  BookOptions options;
  options.folder = argv[1];
  auto book = Book::open(options, clock);
  if (!book) {
    say("open: refused: " + book.error().message);
    return 0;
  }
  const auto digest = test::EveryAnswer(*book.value()).digest();
  say("answers: " + (digest ? digest.value() : "cannot: " + digest.error().message));
  cut_day(*book.value());
  book.value().reset();
  say_verified("then", argv[1], with_key);
}
