// Judges a book that was damaged, in a process of its own, since damage may end it:
//
//   damage_worker FOLDER
//
// says on standard output what verify finds, then what the book answers:
//   verify: ok | verify: FAULT | verify: cannot: ERROR
//   open: refused: ERROR | answers: DIGEST | answers: cannot: ERROR
#include <cstdio>

#include "ledger/engine/verify.h"
#include "tests/crash/every_answer.h"

using namespace suanpan;

namespace {

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (const auto report = verify(argv[1]); !report)
    say("verify: cannot: " + report.error().message);
  else
    say("verify: " + (report.value().ok ? "ok" : report.value().first_fault));
  const ManualClock clock(Timestamp{0});  // nothing expires
  BookOptions options;
  options.folder = argv[1];
  const auto book = Book::open(options, clock);
  if (!book) {
    say("open: refused: " + book.error().message);
    return 0;
  }
  const auto digest = test::EveryAnswer(*book.value()).digest();
  say("answers: " + (digest ? digest.value() : "cannot: " + digest.error().message));
}
