// What verify says while it reads and at its end, by a clock that is set.
#include "api/progress.h"

#include <catch2/catch.hpp>

using namespace suanpan;
using api::Progress;

namespace {

using Time = Progress::Time;

Time after(int ms) { return Time() + std::chrono::hours(1) + std::chrono::milliseconds(ms); }

}  // namespace

TEST_CASE("progress: a log gets a line every ten seconds, by the entries since the first told") {
  Progress progress("verify", Progress::To::kLog, after(0));
  // 100,000 entries are there already; then 50,000 a second.
  CHECK_FALSE(progress.at(100'000, 2'000'000, after(2'000)));
  CHECK_FALSE(progress.at(200'000, 2'000'000, after(4'000)));
  CHECK_FALSE(progress.at(499'950, 2'000'000, after(9'999)));
  CHECK(progress.at(500'000, 2'000'000, after(10'000)) ==
        "verify 500000 of 2000000, 50000 entries/s, 30 s to go\n");
  CHECK_FALSE(progress.at(999'950, 2'000'000, after(19'999)));
  CHECK(progress.at(1'100'000, 2'000'000, after(22'000)) ==
        "verify 1100000 of 2000000, 50000 entries/s, 18 s to go\n");
  CHECK_FALSE(progress.at(1'500'000, 2'000'000, after(31'999)));
}

TEST_CASE("progress: a terminal gets one line, written over four times a second") {
  Progress progress("archive", Progress::To::kTerminal, after(0));
  CHECK_FALSE(progress.at(10, 1'010, after(0)));
  CHECK_FALSE(progress.at(100, 1'010, after(249)));
  CHECK(progress.at(510, 1'010, after(250)) ==
        "\rarchive 510 of 1010, 2000 entries/s, 0 s to go\x1b[K");
  CHECK_FALSE(progress.at(600, 1'010, after(499)));
  CHECK(progress.at(1'010, 1'010, after(500)) ==
        "\rarchive 1010 of 1010, 2000 entries/s, 0 s to go\x1b[K");
}

TEST_CASE("progress: a first telling that comes late has no rate yet") {
  Progress progress("verify", Progress::To::kLog, after(0));
  CHECK(progress.at(7, 9, after(60'000)) == "verify 7 of 9, 0 entries/s, 0 s to go\n");
}

TEST_CASE("progress: what is read once more from its beginning is told by a rate of its own") {
  Progress progress("archive", Progress::To::kLog, after(0));
  CHECK_FALSE(progress.at(1, 1'000, after(0)));
  CHECK_FALSE(progress.at(1'000, 1'000, after(4'000)));
  CHECK_FALSE(progress.at(50, 1'000, after(6'000)));
  CHECK(progress.at(450, 1'050, after(10'000)) ==
        "archive 450 of 1050, 100 entries/s, 6 s to go\n");
  CHECK(progress.at(1'001, 1'000, after(20'000)) ==
        "archive 1001 of 1000, 68 entries/s, 0 s to go\n");
}

TEST_CASE("progress: the summary of a run tells what it counted, and the rate of what it judged") {
  VerifyReport report;
  report.counters = {4, 1'000, 30, 900, 1'200, 2, 12, 34, 5, 1'000, 3};
  report.took_ms = 250;
  report.entries = 1'000;
  const std::string counted =
      "verify: 4 blocks, 1000 commands (30 refused), 900 vouchers, 1200 transfers, 12 accounts, 34 "
      "documents, 5 open holds, 3 daily roots, ";
  CHECK(api::summary_of(report) == counted + "250 ms, 4000 entries/s\n");
  // A run that went on counts all, and judged the rest.
  report.resumed_after = 800;
  report.entries = 200;
  CHECK(api::summary_of(report) ==
        counted +
            "250 ms, 800 entries/s\nverify: went on after journal entry 800, which the run before "
            "came to\n");
  report.resumed_after = 0;
  report.archived_until = 600;
  report.entries = 1'000;
  report.took_ms = 0;
  CHECK(api::summary_of(report) ==
        counted + "0 ms, 1000000 entries/s\nverify: up to journal entry 600 from the archive\n");
}
