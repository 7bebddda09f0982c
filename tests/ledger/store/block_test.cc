// The journal block: golden bytes by hand, every damage refused, every command read back.
#include "ledger/store/block.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "ledger/core/idempotency.h"
#include "ledger/store/record_pack.h"

using namespace suanpan;

namespace {

// Little-endian, written here and nowhere else.
std::string le(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

const Sha256 kPrevious = sha256("the block before");

VoucherRequest small_voucher() {
  VoucherRequest request;
  request.key = ClaimKey{Id128{0x1111, 0x2222}, CallerId{100}};
  request.legs.push_back(Leg{AccountId{1}, AccountId{2}, 12'345});
  request.legs.push_back(Leg{AccountId{1}, AccountId{3}, 55});
  request.code = 9;
  request.type = VoucherType::kReceipt;
  request.date = Date{20'516};
  request.text = std::make_shared<VoucherText>(VoucherText{"租", "KEY-1", "", "", ""});
  return request;
}

ChangeSet effects_of(const VoucherRequest& request) {
  ChangeSet changes;
  for (const Leg& leg : request.legs)
    changes.transfers.push_back(Transfer{leg.debit, leg.credit, leg.amount});
  changes.date = *request.date;
  changes.code = request.code;
  changes.type = request.type;
  changes.text = request.text;
  return changes;
}

std::string small_block(BlockForm form = BlockForm::kPlain) {
  const VoucherRequest request = small_voucher();
  Stamper stamper;
  stamper.next_seq = 41;
  stamper.last_timestamp = Timestamp{999};
  BlockBuilder builder;
  builder.accept(
      CommandEnvelope{request.key, CommandKind::kVoucher, nullptr, &request, Timestamp{1000}},
      effects_of(request), stamper);
  return builder.seal(kPrevious, form);
}

std::string resealed(std::string bytes) {
  bytes.resize(bytes.size() - 4);
  return bytes + le(crc32c(bytes), 4);
}

}  // namespace

TEST_CASE("block: a small plain block has exactly these bytes") {
  // One voucher of two legs with a summary and a business key that fits into the record.
  const std::string variable = std::string("\x01") + le(5 * 4 + 3, 4) +  // the text section
                               le(3, 4) + "租" + le(0, 4) + le(0, 4) + le(0, 4) + le(0, 4);
  const auto record = [&](std::uint32_t leg, std::uint32_t credit, std::uint64_t amount,
                          std::uint8_t flags, std::uint64_t variable_length) {
    return le(41, 8) + le(1000, 8) + le(0x1111, 8) + le(0x2222, 8)  // seq, time, id
           + le(100, 4) + le(1, 4) + le(credit, 4) + le(20'516, 4)  // caller, accounts, date
           + le(amount, 8) + le(9, 2) + le(0, 1) + le(1, 1)         // amount, code, kinds
           + le(0, 2) + le(1, 1) + le(flags, 1) + le(1, 4)          // refusal, type, flags, number
           + le(leg, 4) + le(0, 4) + le(variable_length, 4)         // leg, variable part
           + le(0, 8) + le(0, 8) + le(0, 4) + le(0, 4) + le(0, 8)   // ref, effective, expiry
           + "KEY-1" + std::string(11, '\0');
  };
  std::string expected = "SPBLOCK1" + le(1, 4) + le(2, 4) + le(variable.size(), 8) + le(41, 8) +
                         le(41, 8) + le(1000, 8) +
                         std::string(reinterpret_cast<const char*>(kPrevious.data()), 32) +
                         std::string(16, '\0');
  REQUIRE(expected.size() == 96);
  // Flags: more legs 1, variable 2, date given 4, key inside the record 32.
  expected += record(0, 2, 12'345, 1 + 2 + 4 + 32, variable.size());
  expected += record(1, 3, 55, 4 + 32, 0);
  expected += variable;
  expected += le(crc32c(expected), 4);
  const std::string bytes = small_block();
  CHECK(bytes.size() == 96 + 2 * 128 + 28 + 4);
  CHECK(bytes == expected);

  const auto block = Block::parse(bytes);
  REQUIRE(block);
  CHECK(block.value()->first_seq() == 41);
  CHECK(block.value()->last_seq() == 41);
  CHECK(block.value()->last_timestamp() == Timestamp{1000});
  CHECK(block.value()->previous_hash() == kPrevious);
  CHECK(block.value()->hash() == sha256(std::string_view(bytes).substr(0, bytes.size() - 4)));
}

TEST_CASE("block: a small packed block has exactly these bytes") {
  const std::string variable = std::string("\x01") + le(5 * 4 + 3, 4) + le(3, 4) + "租" + le(0, 4) +
                               le(0, 4) + le(0, 4) + le(0, 4);
  // What differs from a record of zeros with sequence 1 at time 1, id 0…01, number 1: words 0-9
  // but none of the references, then the key.
  const std::string first =
      le(0x42ff, 2)                                               // words 0-7, 9 and 14
      + std::string("\x10\x11\x54\x71\x44", 5)                    // their lengths less one
      + le(40, 1) + le(999, 2) + le(0x1111, 2) + le(0x2221, 2)    // seq, time, id
      + le(1 + (100ULL << 32), 5) + le(2 + (20'516ULL << 32), 6)  // accounts, caller, date
      + le(12'345, 2) + le(9 + (1ULL << 24) + (1ULL << 48) + ((1 + 2 + 4 + 32ULL) << 56), 8) +
      le(28ULL << 32, 5) + "KEY-1";
  // The next leg: credit 2 ^ 3, amount, flags, and the variable part that it does not have.
  const std::string second = le(0x42e0, 2) + std::string("\x10\x47\x04", 3) + le(1, 1) +
                             le(12'345 ^ 55, 2) + le((1 + 2ULL) << 56, 8) +
                             le(28 + (28ULL << 32), 5) + "KEY-1";
  std::string expected = "SPBLOCK1" + le(2, 4) + le(2, 4) + le(variable.size(), 8) + le(41, 8) +
                         le(41, 8) + le(1000, 8) +
                         std::string(reinterpret_cast<const char*>(kPrevious.data()), 32) +
                         le(first.size() + second.size(), 8) + le(variable.size(), 8);
  expected += first + second + variable;
  expected += le(crc32c(expected), 4);
  CHECK(small_block(BlockForm::kPacked) == expected);
}

TEST_CASE("block: packed and plain forms hold the same, whatever the records say") {
  std::uint64_t seed = 7;
  const auto next = [&] { return mix64(seed += 0x9e3779b97f4a7c15); };
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    std::vector<Record> records(1 + next() % 70);
    for (Record& record : records) {
      std::uint64_t words[sizeof(Record) / 8];
      for (std::uint64_t& word : words)
        word = next() % 3 == 0 ? 0 : next() >> (next() % 64);  // of every length
      std::memcpy(static_cast<void*>(&record), words, sizeof record);
    }
    std::string packed;
    pack_records(records, packed);
    std::vector<Record> back(records.size());
    REQUIRE(unpack_records(packed, back));
    CHECK(std::memcmp(back.data(), records.data(), records.size() * sizeof(Record)) == 0);
    // Neither fewer nor more records, nor bytes.
    std::vector<Record> more(records.size() + 1);
    CHECK_FALSE(unpack_records(packed, more));
    CHECK_FALSE(unpack_records(packed, std::span(back).first(back.size() - 1)));
    CHECK_FALSE(unpack_records(packed + '\0', back));
    for (std::size_t n = 0; n < packed.size(); ++n)
      if (unpack_records(packed.substr(0, n), back)) FAIL(n << " bytes are enough");
  }
}

TEST_CASE("block: records that are not packed the shortest way are refused") {
  std::vector<Record> one(1);
  const auto refused = [&](std::string packed) { CHECK_FALSE(unpack_records(packed, one)); };
  REQUIRE(unpack_records(le(1, 2) + le(0x00, 1) + le(5, 1), one));
  CHECK(one[0].seq == 6);
  refused(le(1, 2) + le(0x01, 1) + le(5, 2));             // a leading zero
  refused(le(1, 2) + le(0x00, 1) + le(0, 1));             // nothing that differs
  refused(le(1, 2) + le(0x10, 1) + le(5, 1));             // a length that belongs to nothing
  refused(le(1, 2) + le(0x08, 1) + std::string(9, 'x'));  // nine bytes
}

TEST_CASE("block: a variable part that compresses is stored so, and read back whole") {
  Stamper stamper;
  BlockBuilder builder;
  ChangeSet changes;
  changes.date = Date{20'516};
  static const Content kNothing;
  for (std::uint32_t i = 1; i <= 50; ++i) {
    changes.documents = {Document{DocumentKind::kOrder, "P" + std::to_string(i), 1, true,
                                  std::string(300, 'x') + std::to_string(i)}};
    builder.accept(CommandEnvelope{ClaimKey{Id128{1, i}, CallerId{1}}, CommandKind::kSetting,
                                   &kNothing, nullptr, Timestamp{i}},
                   changes, stamper);
  }
  const std::string bytes = builder.seal(kPrevious);
  CHECK(bytes.size() < 6000);
  const auto block = Block::parse(bytes);
  REQUIRE(block);
  CHECK(block.value()->read(block.value()->command(37)).effects.documents[0].bytes ==
        std::string(300, 'x') + "37");
  // What was made of the builder is what is read from its bytes.
  const auto shared = Block::sealed(builder, bytes);
  REQUIRE(shared);
  CHECK(shared.value()->hash() == block.value()->hash());
  CHECK(shared.value()->parts().size() == block.value()->parts().size());
  // A length that is not the true one is refused, and no memory is taken on its word.
  for (const std::uint64_t size :
       {std::uint64_t{1}, std::uint64_t{15'000}, std::uint64_t{1} << 30, ~std::uint64_t{0}}) {
    std::string damaged = bytes;
    damaged.replace(16, 8, le(size, 8));
    const auto parsed = Block::parse(resealed(damaged));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::kCorrupt);
  }
}

TEST_CASE("block: every truncation and every surplus byte is refused") {
  const std::string bytes = small_block(GENERATE(BlockForm::kPlain, BlockForm::kPacked));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const auto block = Block::parse(bytes.substr(0, n));
    if (block) FAIL("a block of " << n << " bytes is believed");
    CHECK(block.error().code == Errc::kCorrupt);
  }
  CHECK(Block::parse(bytes + '\0').has_error());
  CHECK(Block::parse(bytes + bytes).has_error());
}

TEST_CASE("block: every single bit flip is refused") {
  const std::string bytes = small_block(GENERATE(BlockForm::kPlain, BlockForm::kPacked));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      const auto block = Block::parse(std::move(damaged));
      if (block) FAIL("bit " << bit << " of byte " << i);
    }
  }
}

TEST_CASE("block: what contradicts itself under a good checksum is refused") {
  const std::string good = small_block();
  struct Row {
    const char* what;
    std::size_t at;
    std::string bytes;
    Errc expected;
  };
  const Row rows[] = {
      {"another magic", 0, "SPBLOCK2", Errc::kCorrupt},
      {"a newer version", 8, le(4, 4), Errc::kUnsupported},
      {"the archived form without its hash", 8, le(3, 4), Errc::kCorrupt},
      {"another form", 8, le(2, 4), Errc::kCorrupt},
      {"version 0", 8, le(0, 4), Errc::kCorrupt},
      {"no records", 12, le(0, 4), Errc::kCorrupt},
      {"fewer records", 12, le(1, 4), Errc::kCorrupt},
      {"more records", 12, le(3, 4), Errc::kCorrupt},
      {"records beyond memory", 12, le(0xffffffff, 4), Errc::kCorrupt},
      {"another variable length", 16, le(27, 8), Errc::kCorrupt},
      {"a variable length that wraps", 16, le(0xffffffffffffffffULL, 8), Errc::kCorrupt},
      {"another first sequence", 24, le(40, 8), Errc::kCorrupt},
      {"another last sequence", 32, le(42, 8), Errc::kCorrupt},
      {"a leg of another command", 96 + 128, le(42, 8), Errc::kCorrupt},
      {"a command cut off", 96 + 128 + 63, le(4 + 32 + 1, 1), Errc::kCorrupt},
      {"a variable part outside", 96 + 72, le(29, 4), Errc::kCorrupt},
      {"a variable part too long", 96 + 76, le(29, 4), Errc::kCorrupt},
      {"an unknown section", 96 + 256, "\x09", Errc::kCorrupt},
      {"a section cut off", 96 + 256 + 1, le(24, 4), Errc::kCorrupt},
      {"a text cut off", 96 + 256 + 5, le(400, 4), Errc::kCorrupt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    std::string bytes = good;
    bytes.replace(row.at, row.bytes.size(), row.bytes);
    REQUIRE(bytes != good);
    const auto block = Block::parse(resealed(bytes));
    REQUIRE_FALSE(block);
    CHECK(block.error().code == row.expected);
  }
}

TEST_CASE("block: its archived form keeps what was asked and answered, and its hash") {
  const VoucherRequest request = small_voucher();
  const Content content{{"name", "户"}, {"type", "asset"}};
  Stamper stamper;
  stamper.next_seq = 41;
  BlockBuilder builder;
  builder.accept(
      CommandEnvelope{request.key, CommandKind::kVoucher, nullptr, &request, Timestamp{1000}},
      effects_of(request), stamper);
  ChangeSet changes;
  changes.date = Date{20'516};
  changes.documents.push_back(Document{DocumentKind::kBookSetting, "k", 1, true, "bytes that go"});
  // Settlements and cases answer a resend with the document as it was then.
  changes.documents.push_back(Document{DocumentKind::kSettlementBatch, "B1", 3, true, "a batch"});
  changes.documents.push_back(Document{DocumentKind::kBreakCase, "C1", 2, false, "a case"});
  changes.events.push_back({"topic", "key", "{\"goes\":1}"});
  changes.book = BookChange{Date{20'517}, Date{20'516}};
  changes.answer = "17";
  builder.accept(CommandEnvelope{ClaimKey{Id128{1, 2}, CallerId{7}}, CommandKind::kSetting,
                                 &content, nullptr, Timestamp{2000}},
                 changes, stamper);
  builder.refuse(CommandEnvelope{ClaimKey{Id128{1, 3}, CallerId{7}}, CommandKind::kSetting,
                                 &content, nullptr, Timestamp{3000}},
                 Refusal{RefusalCode::kHoldExpired, "why"}, Date{20'516}, stamper);
  const auto whole = Block::parse(builder.seal(kPrevious));
  REQUIRE(whole);
  const std::string form = whole.value()->archived_form();
  const auto parsed = Block::parse(form);
  REQUIRE(parsed);
  const Block& archived = *parsed.value();
  CHECK(archived.archived());
  CHECK_FALSE(whole.value()->archived());
  CHECK(archived.hash() ==
        sha256(
            std::string_view(whole.value()->bytes()).substr(0, whole.value()->bytes().size() - 4)));
  CHECK(archived.previous_hash() == kPrevious);
  CHECK(archived.archived_form() == form);
  CHECK(archived.archived_digest() == whole.value()->archived_digest());
  CHECK(archived.first_seq() == 41);
  CHECK(archived.last_seq() == 43);
  CHECK(form.find("goes") == std::string::npos);
  CHECK(form.find("bytes that go") == std::string::npos);

  const StoredCommand voucher = archived.read(archived.command(41));
  CHECK_FALSE(first_difference(request, voucher));
  CHECK(voucher.effects.transfers.size() == 2);
  CHECK(voucher.effects.text->business_key == "KEY-1");
  const StoredCommand setting = archived.read(archived.command(42));
  CHECK(setting.content == content);
  CHECK(setting.effects.answer == "17");
  std::vector<std::string> stayed;
  for (const Document& document : setting.effects.documents)
    stayed.push_back(document.key + " " + std::to_string(document.version) + " " + document.bytes);
  CHECK(stayed == std::vector<std::string>{"B1 3 a batch", "C1 2 a case"});
  CHECK(setting.effects.events.empty());
  CHECK_FALSE(setting.effects.book);
  const StoredCommand refused = archived.read(archived.command(43));
  CHECK(refused.refusal.code == RefusalCode::kHoldExpired);
  CHECK(refused.refusal.detail == "why");
  CHECK(refused.content == content);

  for (std::size_t at = 0; at < form.size(); ++at) {
    std::string flipped = form;
    flipped[at] ^= 4;
    CHECK_FALSE(Block::parse(flipped));
  }
  for (std::size_t size = 0; size + 4 < form.size(); ++size)
    CHECK_FALSE(Block::parse(resealed(form.substr(0, size) + "crc!")));
  // A whole block's sections under an archived header.
  std::string forged = builder.seal(kPrevious);
  forged.replace(8, 4, le(3, 4));
  forged.insert(96, std::string(32, 'h'));
  const auto effects = Block::parse(resealed(forged));
  REQUIRE_FALSE(effects);
  CHECK(effects.error().message == "an archived block holds effects");
}

TEST_CASE("block: legs that contradict their header under a good checksum are refused") {
  constexpr std::size_t kSecond = 96 + 128, kFlags = 63;
  // The last leg says that more follow, and the header that its command is not there.
  std::string unfinished = small_block();
  unfinished.replace(32, 8, le(40, 8));
  unfinished[kSecond + kFlags] =
      static_cast<char>(unfinished[kSecond + kFlags] | Record::kMoreLegs);
  CHECK(Block::parse(resealed(unfinished)).error().code == Errc::kCorrupt);
  // A variable part belongs to a command, hence to its first leg.
  std::string twice = small_block();
  twice[kSecond + kFlags] = static_cast<char>(twice[kSecond + kFlags] | Record::kHasVariable);
  twice.replace(kSecond + 72, 8, twice.substr(96 + 72, 8));
  CHECK(Block::parse(resealed(twice)).error().code == Errc::kCorrupt);
}

TEST_CASE("block: an accepted command is read back with all its effects") {
  ChangeSet changes;
  changes.date = Date{20'517};
  changes.effective = Date{-3};
  changes.ref = ClaimKey{Id128{7, 8}, CallerId{9}};
  changes.text = std::make_shared<VoucherText>(
      VoucherText{"摘要", std::string(17, 'k'), "{}", "张三", "李四"});
  Account account;
  account.id = AccountId{5};
  account.code = "2101/小区";
  account.name = "某某";
  account.type = AccountType::kLiability;
  account.normal = Side::kCredit;
  account.currency = Currency::kUSD;
  account.terms = AccountTerms{LimitKind::kCreditLine, 77, true, false, true, true};
  account.version = 3;
  changes.accounts.push_back(account);
  account.terms = AccountTerms{LimitKind::kNone, 0, false, true, false, false};
  changes.accounts.push_back(account);
  changes.documents.push_back(
      Document{DocumentKind::kOrder, "P1", 4, true, std::string("a\0b", 3)});
  changes.documents.push_back(Document{DocumentKind::kHold, "", 1, false, ""});
  changes.events.push_back(Event{"t", "k", "{}"});
  changes.book = BookChange{Date{20'518}, Date{20'510}};
  changes.answer = "P1";
  const Content content{{"a", "1"}, {"b", ""}};
  const ClaimKey key{Id128{1, 2}, CallerId{3}};
  Stamper stamper;
  BlockBuilder builder;
  const Answer answer =
      builder.accept(CommandEnvelope{key, CommandKind::kSetting, &content, nullptr, Timestamp{50}},
                     changes, stamper);
  CHECK(answer.seq == 1);
  CHECK(answer.voucher_no == 0);  // nothing was posted
  CHECK(answer.answer == "P1");
  const auto block = Block::parse(builder.seal(Sha256{}));
  REQUIRE(block);
  const StoredCommand stored = block.value()->read(block.value()->command(1));
  CHECK(stored.key == key);
  CHECK(stored.kind == CommandKind::kSetting);
  CHECK(stored.timestamp == Timestamp{50});
  CHECK(stored.content == content);
  CHECK(stored.effects.date == changes.date);
  CHECK(stored.effects.effective == changes.effective);
  CHECK(stored.effects.ref == changes.ref);
  CHECK(*stored.effects.text == *changes.text);
  REQUIRE(stored.effects.accounts.size() == 2);
  for (int i = 0; i < 2; ++i) {
    const Account &is = stored.effects.accounts[i], &was = changes.accounts[i];
    CHECK(is.id == was.id);
    CHECK(is.code == was.code);
    CHECK(is.name == was.name);
    CHECK(is.type == was.type);
    CHECK(is.normal == was.normal);
    CHECK(is.currency == was.currency);
    CHECK(is.terms == was.terms);
    CHECK(is.version == was.version);
  }
  REQUIRE(stored.effects.documents.size() == 2);
  CHECK(stored.effects.documents[0].bytes == std::string("a\0b", 3));
  CHECK(stored.effects.documents[0].open);
  CHECK(stored.effects.documents[0].version == 4);
  CHECK_FALSE(stored.effects.documents[1].open);
  CHECK(stored.effects.events == changes.events);
  CHECK(stored.effects.book == changes.book);
  CHECK(stored.effects.answer == "P1");
}

TEST_CASE("block: sequence and time rise by command, voucher numbers by month and type") {
  Stamper stamper;
  BlockBuilder builder;
  std::vector<Answer> answers;
  const auto post = [&](std::uint64_t n, Date date, VoucherType type, TransferKind kind,
                        std::int64_t now) {
    ChangeSet changes;
    changes.date = date;
    changes.type = type;
    if (kind != TransferKind::kNone)
      changes.transfers.push_back(Transfer{AccountId{1}, AccountId{2}, 1, kind});
    static const Content kNothing;
    answers.push_back(
        builder.accept(CommandEnvelope{ClaimKey{Id128{0, n}, CallerId{1}}, CommandKind::kSetting,
                                       &kNothing, nullptr, Timestamp{now}},
                       changes, stamper));
  };
  const Date march = *Date::of(2026, 3, 31), april = *Date::of(2026, 4, 1);
  post(1, march, VoucherType::kGeneral, TransferKind::kPosted, 100);
  post(2, march, VoucherType::kGeneral, TransferKind::kPending, 100);     // reserves: no number
  post(3, march, VoucherType::kGeneral, TransferKind::kPostPending, 90);  // the clock stepped back
  post(4, march, VoucherType::kReceipt, TransferKind::kPosted, 200);
  post(5, april, VoucherType::kGeneral, TransferKind::kRed, 200);
  post(6, march, VoucherType::kGeneral, TransferKind::kVoidPending, 300);  // gives back: none
  post(7, march, VoucherType::kGeneral, TransferKind::kNone, 300);
  post(8, march, VoucherType::kGeneral, TransferKind::kPosted, 300);
  const std::uint32_t numbers[] = {1, 0, 2, 1, 1, 0, 0, 3};
  const std::int64_t times[] = {100, 101, 102, 200, 201, 300, 301, 302};
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(answers[i].seq == i + 1);
    CHECK(answers[i].voucher_no == numbers[i]);
    CHECK(answers[i].timestamp == Timestamp{times[i]});
  }
  const auto block = Block::parse(builder.seal(Sha256{}));
  REQUIRE(block);
  CHECK(block.value()->last_seq() == 8);
  CHECK(block.value()->command(9).empty());
  CHECK(block.value()->command(0).empty());
  std::size_t commands = 0;
  for_each_command(*block.value(), [&](std::span<const Record> legs, const VariablePart* part) {
    ++commands;
    CHECK(legs.size() == 1);
    CHECK(part != nullptr);  // the empty content is a section
  });
  CHECK(commands == 8);
}

TEST_CASE("block: a refusal keeps what was asked for, its code and its detail") {
  const VoucherRequest request = small_voucher();
  Stamper stamper;
  BlockBuilder builder;
  const Answer answer = builder.refuse(
      CommandEnvelope{request.key, CommandKind::kVoucher, nullptr, &request, Timestamp{5}},
      refuse(RefusalCode::kBelowLimit, "2101/a"), Date{20'520}, stamper);
  CHECK(answer.voucher_no == 0);
  const auto block = Block::parse(builder.seal(Sha256{}));
  REQUIRE(block);
  const StoredCommand stored = block.value()->read(block.value()->command(1));
  CHECK(stored.refusal.code == RefusalCode::kBelowLimit);
  CHECK(stored.refusal.detail == "2101/a");
  CHECK(stored.effects.date == Date{20'516});
  REQUIRE(stored.effects.transfers.size() == 2);
  for (const Transfer& t : stored.effects.transfers) CHECK(t.kind == TransferKind::kNone);
  CHECK(stored.effects.transfers[1].amount == 55);
  for (const Record& r : block.value()->records()) CHECK_FALSE(r.moves_money());
}
