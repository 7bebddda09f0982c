// The samples that others wrote, each by name with the verdict that is expected of it.
#include <catch2/catch.hpp>
#include <set>

#include "channels/bank/camt053.h"
#include "channels/bank/pain001.h"
#include "channels/bank/xml.h"
#include "tests/channels/bank/xmllint.h"

using namespace suanpan;
using namespace suanpan::channels::bank;

namespace {

struct Sample {
  const char* file;
  const char* schema;
  bool valid;
  std::optional<Errc> refused;
  const char* says;  ///< part of the error message
  CamtKind kind = CamtKind::kStatement;
  std::size_t entries = 0;
};

const std::vector<Sample> kSamples{
    {"camt052.v2.other-account.xml", "camt.052.001.02", true, {}, "", CamtKind::kReport, 1},
    {"camt052.v2.with-account-name.xml", "camt.052.001.02", true, {}, "", CamtKind::kReport, 1},
    {"camt052.v2.xml", "camt.052.001.02", true, {}, "", CamtKind::kReport, 1},
    {"camt053.v2.minimal.ultimate.xml", "camt.053.001.02", true, Errc::kMismatch,
     "does not add up: EUR and SEK are mixed"},
    {"camt053.v2.minimal.xml", "camt.053.001.02", true, Errc::kMismatch,
     "does not add up: EUR and SEK are mixed"},
    {"camt053.v2.with-account-name.xml", "camt.053.001.02", true, Errc::kMalformed,
     "lacks the opening balance"},
    {"camt053.v2.with-party-ids.xml", "camt.053.001.02", true, Errc::kMismatch,
     "does not add up: EUR and SEK are mixed"},
    {"camt053.v2.wrong.xml", "camt.053.001.02", false, Errc::kMalformed, "holds no <Stmt>"},
    {"camt054.v2.with-account-name.xml",
     "camt.054.001.02",
     true,
     {},
     "",
     CamtKind::kNotification,
     1},
    {"camt054.v2.xml", "camt.054.001.02", true, {}, "", CamtKind::kNotification, 1},
    {"camt054.v8-with-UETR.xml", "camt.054.001.08", true, {}, "", CamtKind::kNotification, 1},
    {"camt054.v8-with-financial-institution.xml",
     "camt.054.001.08",
     true,
     {},
     "",
     CamtKind::kNotification,
     1},
    {"own-camt053v08-cny.xml", "camt.053.001.08", true, {}, "", CamtKind::kStatement, 1},
    {"own-pain001v09-cny.xml", "pain.001.001.09", true, Errc::kUnsupported, "not a camt.052"},
};

std::string sample(const char* file) { return test::read_all(test::iso20022() / "samples" / file); }

StatementEntry only_entry(const char* file) {
  const auto message = parse_camt(sample(file));
  REQUIRE(message);
  REQUIRE(message.value().statements.size() == 1);
  REQUIRE(message.value().statements[0].entries.size() == 1);
  return message.value().statements[0].entries[0];
}

}  // namespace

TEST_CASE("samples: every file of the folder has its verdict") {
  SHARED_OR_SKIP();
  REQUIRE(test::xmllint_is_here());
  std::set<std::string> named;
  for (const Sample& row : kSamples) {
    INFO(row.file);
    named.insert(row.file);
    const std::string xml = sample(row.file);
    REQUIRE_FALSE(xml.empty());
    CHECK(test::file_is_valid(test::iso20022() / "samples" / row.file, row.schema) == row.valid);
    // Well-formed all of them are.
    CHECK(XmlDocument::parse(xml));
    const auto message = parse_camt(xml);
    REQUIRE(message.has_value() == !row.refused);
    if (row.refused) {
      CHECK(message.error().code == *row.refused);
      CHECK_THAT(message.error().message, Catch::Contains(row.says));
      continue;
    }
    CHECK(message.value().kind == row.kind);
    REQUIRE(message.value().statements.size() == 1);
    CHECK(message.value().statements[0].entries.size() == row.entries);
  }
  for (const auto& file : std::filesystem::directory_iterator(test::iso20022() / "samples")) {
    INFO(file.path());
    CHECK(named.count(file.path().filename().string()) == 1);
  }
}

TEST_CASE("samples: our own statement is read field by field") {
  SHARED_OR_SKIP();
  const auto message = parse_camt(sample("own-camt053v08-cny.xml"));
  REQUIRE(message);
  const Statement& statement = message.value().statements.at(0);
  CHECK(message.value().message_id == "M1");
  CHECK(message.value().version == 8);
  CHECK(statement.id == "S1");
  CHECK(statement.sequence == 325u);
  CHECK(statement.account == "6228000000000001");
  CHECK(statement.opening.minor == 0);
  CHECK(statement.closing == Money{10000, Currency::kCNY});
  CHECK(statement.closing_date.iso() == "2026-11-21");
  const StatementEntry& entry = statement.entries.at(0);
  CHECK(entry.ntry_ref == "1");
  CHECK(entry.signed_minor() == 10000);
  CHECK(entry.acct_svcr_ref == "H0001");
  CHECK(entry.end_to_end_id == "E2E1");
  CHECK(entry.counterparty_name == "张三");
  CHECK(entry.counterparty_account == "6217");
  CHECK(entry.remittance == "合同号YS2026001");
  CHECK(entry.sub_account.empty());
}

TEST_CASE("samples: third-party entries are understood") {
  SHARED_OR_SKIP();
  const StatementEntry batch = only_entry("camt054.v2.xml");
  CHECK(batch.amount == Money{20000000, Currency::kSEK});
  CHECK(batch.direction == Direction::kDebit);
  CHECK(batch.parts == 3);
  CHECK(batch.booking_date->iso() == "2007-10-18");
  CHECK(batch.acct_svcr_ref == "AAAASESS-FP-ACCR001");
  CHECK(batch.end_to_end_id.empty());
  const StatementEntry extract = only_entry("camt052.v2.other-account.xml");
  CHECK(extract.parts == 20);
  CHECK(extract.remittance == "Credit");
  const StatementEntry institution = only_entry("camt054.v8-with-financial-institution.xml");
  CHECK(institution.counterparty_name == "Example Creditor 3 - V1");
  const StatementEntry named = only_entry("camt054.v2.with-account-name.xml");
  CHECK(named.signed_minor() == -20000000);
}

TEST_CASE("samples: cut at every 53rd byte, none is ever accepted") {
  SHARED_OR_SKIP();
  for (const Sample& row : kSamples) {
    const std::string xml = sample(row.file);
    const auto end = xml.rfind("</Document>") + std::string("</Document>").size();
    for (std::size_t length = 0; length < end; length += 53) {
      INFO(row.file << " cut at " << length);
      CHECK_FALSE(parse_camt(std::string_view(xml).substr(0, length)));
    }
  }
}

TEST_CASE("samples: every byte of our own statement may be damaged without a crash") {
  SHARED_OR_SKIP();
  const std::string xml = sample("own-camt053v08-cny.xml");
  for (std::size_t at = 0; at < xml.size(); ++at) {
    for (const char damage : {'\0', '<', '9', '\xFF'}) {
      std::string damaged = xml;
      damaged[at] = damage;
      const auto message = parse_camt(damaged);
      // What is still accepted adds up.
      if (message && message.value().kind == CamtKind::kStatement) {
        const Statement& statement = message.value().statements.at(0);
        std::int64_t sum = statement.opening.minor;
        for (const auto& entry : statement.entries) sum += entry.signed_minor();
        CHECK(sum == statement.closing.minor);
      }
    }
  }
}
