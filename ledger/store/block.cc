#include "ledger/store/block.h"

#include <lz4.h>

#include <algorithm>
#include <cstring>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/store/record_pack.h"

namespace suanpan {
namespace {

constexpr char kMagic[8] = {'S', 'P', 'B', 'L', 'O', 'C', 'K', '1'};
constexpr std::size_t kHeaderBytes = 96;
constexpr std::size_t kSectionHeadBytes = 5;
constexpr std::size_t kMinCompressed = 256;  // less is not worth it
constexpr std::size_t kMaxCompressed = LZ4_MAX_INPUT_SIZE;

enum Tag : std::uint8_t {
  kText = 1,
  kAccount = 2,
  kDocument = 3,
  kEvent = 4,
  kBook = 5,
  kContent = 6,
  kAnswer = 7,
  kRefusalDetail = 8,
  kRules = 16,
};

// Written in place; its length is filled in when it is known.
template <class Write>
void section(std::string& out, Tag tag, Write&& write) {
  ByteWriter w(std::move(out));
  w.u8(tag);
  const std::size_t length_at = w.size();
  w.u32(0);
  write(w);
  w.set_u32(length_at, static_cast<std::uint32_t>(w.size() - length_at - 4));
  out = w.take();
}

void write_text(std::string& out, const VoucherText& text, bool key_inline) {
  if (text.summary.empty() && text.metadata.empty() && text.maker.empty() && text.checker.empty() &&
      (key_inline || text.business_key.empty()))
    return;
  section(out, kText, [&](ByteWriter& w) {
    w.text(text.summary);
    w.text(key_inline ? std::string_view{} : text.business_key);
    w.text(text.metadata);
    w.text(text.maker);
    w.text(text.checker);
  });
}

std::shared_ptr<const VoucherText> read_text(ByteReader& r) {
  VoucherText text;
  text.summary = r.text();
  text.business_key = r.text();
  text.metadata = r.text();
  text.maker = r.text();
  text.checker = r.text();
  return std::make_shared<const VoucherText>(std::move(text));
}

void write_rules(std::string& out, const VoucherRules* rules) {
  if (!rules || (rules->expects.empty() && rules->sweeps.empty())) return;
  section(out, kRules, [&](ByteWriter& w) { w.text(encode(*rules)); });
}

void write_account(std::string& out, const Account& a) {
  section(out, kAccount, [&](ByteWriter& w) {
    w.u32(a.id.value);
    w.text(a.code);
    w.text(a.name);
    w.u8(static_cast<std::uint8_t>(a.type));
    w.u8(static_cast<std::uint8_t>(a.normal));
    w.u16(static_cast<std::uint16_t>(a.currency));
    w.u8(static_cast<std::uint8_t>(a.terms.limit));
    w.i64(a.terms.credit_line);
    w.u8(static_cast<std::uint8_t>((a.terms.frozen_in ? 1 : 0) | (a.terms.frozen_out ? 2 : 0) |
                                   (a.terms.closed ? 4 : 0) | (a.terms.hot ? 8 : 0)));
    w.u32(a.version);
  });
}

std::optional<Account> read_account(std::string_view bytes) {
  ByteReader r(bytes);
  Account a;
  a.id.value = r.u32();
  a.code = r.text();
  a.name = r.text();
  a.type = static_cast<AccountType>(r.u8());
  a.normal = static_cast<Side>(r.u8());
  a.currency = static_cast<Currency>(r.u16());
  a.terms.limit = static_cast<LimitKind>(r.u8());
  a.terms.credit_line = r.i64();
  const std::uint8_t bits = r.u8();
  a.terms.frozen_in = bits & 1;
  a.terms.frozen_out = bits & 2;
  a.terms.closed = bits & 4;
  a.terms.hot = bits & 8;
  a.version = r.u32();
  if (!r.done()) return std::nullopt;
  return a;
}

void write_document(std::string& out, const Document& d) {
  section(out, kDocument, [&](ByteWriter& w) {
    w.u8(static_cast<std::uint8_t>(d.kind));
    w.text(d.key);
    w.u32(d.version);
    w.u8(d.open ? 1 : 0);
    w.text(d.bytes);
  });
}

std::optional<Document> read_document(std::string_view bytes) {
  ByteReader r(bytes);
  Document d;
  d.kind = static_cast<DocumentKind>(r.u8());
  d.key = r.text();
  d.version = r.u32();
  d.open = r.u8() != 0;
  d.bytes = r.text();
  if (!r.done()) return std::nullopt;
  return d;
}

// Documents that were written into a variable part and are in memory still.
class Written {
 public:
  explicit Written(const BlockContents& contents)
      : begin_(contents.variable.data()), rest_(contents.written) {}
  /// The one whose payload this is; null if it is not in memory.
  DocumentPtr take(std::string_view payload) {
    const auto at = static_cast<std::size_t>(payload.data() - begin_);
    while (!rest_.empty() && rest_.front().first < at) rest_ = rest_.subspan(1);
    if (rest_.empty() || rest_.front().first != at) return nullptr;
    const DocumentPtr& document = rest_.front().second;
    // What goes into the journal is what will be read from it.
    CHECK_OR_DIE(is_written(*document, payload), "a document changed after it was written");
    return document;
  }

 private:
  static bool is_written(const Document& d, std::string_view payload) {
    ByteReader r(payload);
    return static_cast<DocumentKind>(r.u8()) == d.kind && r.view_text() == d.key &&
           r.u32() == d.version && (r.u8() != 0) == d.open && r.view_text() == d.bytes && r.done();
  }
  const char* begin_;
  std::span<const std::pair<std::size_t, DocumentPtr>> rest_;
};

void write_content(std::string& out, const Content& content) {
  section(out, kContent, [&](ByteWriter& w) {
    w.u16(static_cast<std::uint16_t>(content.size()));
    for (const auto& [name, value] : content) {
      w.text(name);
      w.text(value);
    }
  });
}

void write_effects(BlockContents& contents, const ChangeSet& changes) {
  std::string& out = contents.variable;
  for (const Account& a : changes.accounts) write_account(out, a);
  changes.documents.share([&](const DocumentPtr& document) {
    contents.written.emplace_back(out.size() + kSectionHeadBytes, document);
    write_document(out, *document);
  });
  for (const Event& e : changes.events) {
    section(out, kEvent, [&](ByteWriter& w) {
      w.text(e.topic);
      w.text(e.key);
      w.text(e.payload);
    });
  }
  if (changes.book) {
    section(out, kBook, [&](ByteWriter& w) {
      w.i32(changes.book->accounting_date.days);
      w.i32(changes.book->closed_through.days);
    });
  }
  if (!changes.answer.empty()) {
    section(out, kAnswer, [&](ByteWriter& w) { w.text(changes.answer); });
  }
}

// Posted money makes a voucher and takes a number; reserving and giving back does not.
bool is_voucher(const ChangeSet& changes) {
  for (const Transfer& t : changes.transfers)
    if (t.kind != TransferKind::kPending && t.kind != TransferKind::kVoidPending) return true;
  return false;
}

bool fits_inline(std::string_view key) {
  return !key.empty() && key.size() <= sizeof(Record::business_key) &&
         key.find('\0') == std::string_view::npos;
}

void set_leg(Record& record, const Transfer& t) {
  record.debit = t.debit.value;
  record.credit = t.credit.value;
  record.amount = t.amount;
  record.transfer_kind = static_cast<std::uint8_t>(t.kind);
}

Answer answer_of(const Record& first) {
  Answer answer;
  answer.seq = first.seq;
  answer.timestamp = Timestamp{first.timestamp_ns};
  answer.voucher_no = first.voucher_no;
  answer.date = Date{first.date_days};
  return answer;
}

}  // namespace

BlockBuilder::BlockBuilder(std::size_t reserve) : contents_(std::make_shared<BlockContents>()) {
  contents_->records.reserve(reserve);
}

Record BlockBuilder::head(const CommandEnvelope& command, Stamper& stamper) const {
  Record r;
  std::memset(&r, 0, sizeof r);
  r.seq = stamper.next_seq++;
  r.timestamp_ns = stamper.stamp(command.now).ns;
  r.id_hi = command.key.id.hi;
  r.id_lo = command.key.id.lo;
  r.caller = command.key.caller.value;
  r.command_kind = static_cast<std::uint8_t>(command.kind);
  r.transfer_kind = static_cast<std::uint8_t>(TransferKind::kNone);
  if (command.linked) r.flags |= Record::kLinked;
  if (const VoucherRequest* v = command.voucher) {
    if (v->date) r.flags |= Record::kDateGiven;
    if (v->adjustment) r.flags |= Record::kAdjustment;
    if (v->hold) r.flags |= Record::kHold;
    r.expires_ns = v->expires_at.ns;
  }
  return r;
}

void BlockBuilder::finish(Record& first, std::uint32_t variable_begin) {
  first.variable_length = begin_variable() - variable_begin;
  if (first.variable_length == 0) return;
  first.variable_offset = variable_begin;
  first.flags |= Record::kHasVariable;
}

void BlockBuilder::add_records(const Record& first, std::span<const Transfer> legs) {
  std::vector<Record>& records = contents_->records;
  for (std::size_t i = 0; i < std::max<std::size_t>(legs.size(), 1); ++i) {
    Record& r = records.emplace_back(first);
    if (i > 0) {
      r.variable_offset = r.variable_length = 0;
      r.flags &= static_cast<std::uint8_t>(~Record::kHasVariable);
    }
    r.leg = static_cast<std::uint32_t>(i);
    if (i < legs.size()) set_leg(r, legs[i]);
    if (i + 1 < legs.size()) r.flags |= Record::kMoreLegs;
  }
}

Answer BlockBuilder::accept(const CommandEnvelope& command, const ChangeSet& changes,
                            Stamper& stamper) {
  Record first = head(command, stamper);
  first.date_days = changes.date.days;
  first.code = changes.code;
  first.voucher_type = static_cast<std::uint8_t>(changes.type);
  first.ref_hi = changes.ref.id.hi;
  first.ref_lo = changes.ref.id.lo;
  first.ref_caller = changes.ref.caller.value;
  if (changes.effective) {
    first.effective_days = changes.effective->days;
    first.flags |= Record::kHasEffective;
  }
  if (is_voucher(changes)) first.voucher_no = stamper.voucher_number(changes.date, changes.type);
  const std::uint32_t begin = begin_variable();
  if (changes.text) {
    const std::string& key = changes.text->business_key;
    if (fits_inline(key)) {
      std::memcpy(first.business_key, key.data(), key.size());
      first.flags |= Record::kInlineKey;
    }
    write_text(contents_->variable, *changes.text, fits_inline(key));
  }
  write_rules(contents_->variable, changes.rules.get());
  write_effects(*contents_, changes);
  if (command.content) write_content(contents_->variable, *command.content);
  finish(first, begin);
  add_records(first, changes.transfers);
  Answer answer = answer_of(first);
  answer.answer = changes.answer;
  return answer;
}

Answer BlockBuilder::refuse(const CommandEnvelope& command, const Refusal& refusal, Date date,
                            Stamper& stamper) {
  Record first = head(command, stamper);
  first.refusal = static_cast<std::uint16_t>(refusal.code);
  first.date_days = date.days;
  const std::uint32_t begin = begin_variable();
  boost::container::small_vector<Transfer, 1> asked;
  if (const VoucherRequest* v = command.voucher) {
    // The request's own fields, so that a resend can be compared with them.
    first.code = v->code;
    first.voucher_type = static_cast<std::uint8_t>(v->type);
    if (v->date) first.date_days = v->date->days;
    if (v->effective) {
      first.effective_days = v->effective->days;
      first.flags |= Record::kHasEffective;
    }
    for (const Leg& leg : v->legs)
      asked.push_back(Transfer{leg.debit, leg.credit, leg.amount, TransferKind::kNone});
    if (v->text) write_text(contents_->variable, *v->text, false);
    write_rules(contents_->variable, v->rules.get());
  }
  if (command.content) write_content(contents_->variable, *command.content);
  if (!refusal.detail.empty()) {
    section(contents_->variable, kRefusalDetail, [&](ByteWriter& w) { w.text(refusal.detail); });
  }
  finish(first, begin);
  add_records(first, asked);
  Answer answer = answer_of(first);
  answer.refusal = refusal;
  return answer;
}

Answer BlockBuilder::append(std::span<const Record> legs, std::string_view variable,
                            Stamper& stamper) {
  Record first = legs.front();
  CHECK_OR_DIE(first.timestamp_ns > stamper.last_timestamp.ns, "a command is appended too late");
  first.seq = stamper.next_seq++;
  stamper.stamp(Timestamp{first.timestamp_ns});
  if (first.voucher_no != 0)
    first.voucher_no =
        stamper.voucher_number(Date{first.date_days}, static_cast<VoucherType>(first.voucher_type));
  if (first.flags & Record::kHasVariable) first.variable_offset = begin_variable();
  contents_->variable += variable;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    Record& r = contents_->records.emplace_back(legs[i]);
    r.seq = first.seq;
    r.voucher_no = first.voucher_no;
    if (i == 0) r.variable_offset = first.variable_offset;
  }
  return answer_of(first);
}

namespace {

// The variable part as it is stored: LZ4 where that saves anything.
void append_variable(std::string& out, const std::string& variable) {
  if (variable.size() >= kMinCompressed && variable.size() <= kMaxCompressed) {
    const std::size_t begin = out.size();
    const int bound = LZ4_compressBound(static_cast<int>(variable.size()));
    out.resize(begin + static_cast<std::size_t>(bound));
    const int written = LZ4_compress_default(variable.data(), out.data() + begin,
                                             static_cast<int>(variable.size()), bound);
    CHECK_OR_DIE(written > 0, "a variable part of {} bytes does not compress", variable.size());
    out.resize(begin + static_cast<std::size_t>(written));
    if (static_cast<std::size_t>(written) < variable.size()) return;
    out.resize(begin);
  }
  out += variable;
}

}  // namespace

std::string BlockBuilder::seal(const Sha256& previous, BlockForm form) const {
  const std::vector<Record>& records = contents_->records;
  const std::string& variable = contents_->variable;
  CHECK_OR_DIE(!records.empty(), "an empty block");
  std::string out;
  std::uint64_t packed_bytes = 0, stored_variable_bytes = 0;
  if (form == BlockForm::kPacked) {
    out.reserve(kHeaderBytes + records.size() * 24 + variable.size() + 4);
    out.resize(kHeaderBytes);
    pack_records(records, out);
    packed_bytes = out.size() - kHeaderBytes;
    append_variable(out, variable);
    stored_variable_bytes = out.size() - kHeaderBytes - packed_bytes;
  } else {
    out.resize(kHeaderBytes);
    out.append(reinterpret_cast<const char*>(records.data()), records.size() * sizeof(Record));
    out += variable;
  }
  ByteWriter header;
  header.u32(static_cast<std::uint32_t>(form));
  header.u32(static_cast<std::uint32_t>(records.size()));
  header.u64(variable.size());
  header.u64(records.front().seq);
  header.u64(records.back().seq);
  header.i64(records.back().timestamp_ns);
  std::memcpy(out.data(), kMagic, sizeof kMagic);
  std::memcpy(out.data() + 8, header.bytes().data(), header.size());
  std::memcpy(out.data() + 48, previous.data(), previous.size());
  std::memcpy(out.data() + 80, &packed_bytes, 8);
  std::memcpy(out.data() + 88, &stored_variable_bytes, 8);
  const std::uint32_t crc = crc32c(out);
  out.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return out;
}

namespace {

Result<VariablePart> decode_sections(std::string_view bytes, Keep keep, Written* written) {
  const bool all = keep == Keep::kAll;
  VariablePart part;
  while (!bytes.empty()) {
    ByteReader head(bytes.substr(0, kSectionHeadBytes));
    const std::uint8_t tag = head.u8();
    const std::uint32_t length = head.u32();
    if (!head.done() || length > bytes.size() - kSectionHeadBytes)
      return fail(Errc::kCorrupt, "a section is cut off");
    const std::string_view payload = bytes.substr(kSectionHeadBytes, length);
    bytes.remove_prefix(kSectionHeadBytes + length);
    ByteReader r(payload);
    bool good = true;
    switch (tag) {
      case kText:
        if (all) {
          part.text = read_text(r);
          part.business_key = part.text->business_key;
        } else {
          r.skip_text();
          part.business_key = r.text();
          for (int i = 0; i < 3; ++i) r.skip_text();
        }
        good = r.done();
        break;
      case kRules: {
        if (!all) {
          r.skip_text();
          good = r.done();
          break;
        }
        auto rules = decode_voucher_rules(r.text());
        good = r.done() && rules.has_value();
        if (good) part.rules = std::make_shared<const VoucherRules>(std::move(*rules));
        break;
      }
      case kAccount: {
        auto account = read_account(payload);
        good = account.has_value();
        if (good) part.accounts.push_back(std::move(*account));
        break;
      }
      case kDocument: {
        if (DocumentPtr known = written ? written->take(payload) : nullptr) {
          part.documents.push_back(std::move(known));
          break;
        }
        auto document = read_document(payload);
        good = document.has_value();
        if (good) part.documents.push_back(std::make_shared<const Document>(std::move(*document)));
        break;
      }
      case kEvent: {
        if (all) {
          Event& event = part.events.emplace_back();
          event.topic = r.text();
          event.key = r.text();
          event.payload = r.text();
        } else {
          for (int i = 0; i < 3; ++i) r.skip_text();
        }
        good = r.done();
        break;
      }
      case kBook: {
        BookChange change;
        change.accounting_date.days = r.i32();
        change.closed_through.days = r.i32();
        good = r.done();
        part.book = change;
        break;
      }
      case kContent: {
        const std::uint16_t count = r.u16();
        for (std::uint16_t i = 0; i < count && !r.failed(); ++i) {
          if (!all && !part.book) {
            r.skip_text();
            r.skip_text();
            continue;
          }
          std::string name = r.text();
          std::string value = r.text();
          part.content.emplace_back(std::move(name), std::move(value));
        }
        good = r.done();
        break;
      }
      case kAnswer:
        if (all)
          part.answer = r.text();
        else
          r.skip_text();
        good = r.done();
        break;
      case kRefusalDetail:
        part.refusal_detail = r.text();
        good = r.done();
        break;
      default:
        return fail(Errc::kCorrupt, "an unknown section {}", tag);
    }
    if (!good) return fail(Errc::kCorrupt, "section {} does not decode", tag);
  }
  return part;
}

}  // namespace

Result<VariablePart> decode_variable(std::string_view bytes, Keep keep) {
  return decode_sections(bytes, keep, nullptr);
}

struct Block::Header {
  BlockForm form{};
  std::size_t record_count = 0;
  std::uint64_t variable_bytes = 0;
  std::string_view records, variable;  // as stored
};

// The header, and the two parts that it measures out.
Result<Block::Header> Block::read_header() {
  const std::string_view all = bytes_;
  if (all.size() < kHeaderBytes + 4) return fail(Errc::kCorrupt, "a block of {} bytes", all.size());
  if (std::memcmp(all.data(), kMagic, sizeof kMagic) != 0)
    return fail(Errc::kCorrupt, "not a block");
  const std::string_view body = all.substr(0, all.size() - 4);
  ByteReader r(body.substr(8, 40));
  const std::uint32_t version = r.u32();
  if (version > kBlockVersion)
    return fail(Errc::kUnsupported, "block version {} is newer than this program's {}", version,
                kBlockVersion);
  if (version == 0) return fail(Errc::kCorrupt, "block version 0");
  Header h;
  h.form = static_cast<BlockForm>(version);
  h.record_count = r.u32();
  h.variable_bytes = r.u64();
  first_seq_ = r.u64();
  last_seq_ = r.u64();
  last_timestamp_.ns = r.i64();
  std::memcpy(previous_.data(), body.data() + 48, 32);
  ByteReader sizes(body.substr(80, 16));
  std::uint64_t record_bytes = sizes.u64(), stored_variable = sizes.u64();
  bool good = h.record_count > 0;
  if (h.form == BlockForm::kPlain) {
    good = good && record_bytes == 0 && stored_variable == 0;
    record_bytes = h.record_count * sizeof(Record);
    stored_variable = h.variable_bytes;
  } else {
    good = good && h.record_count <= record_bytes / kMinPackedRecord &&
           (stored_variable == h.variable_bytes ||
            (stored_variable < h.variable_bytes && h.variable_bytes <= kMaxCompressed &&
             h.variable_bytes / 255 <= stored_variable));
  }
  const std::size_t rest = body.size() - kHeaderBytes;
  if (!good || record_bytes > rest || rest - record_bytes != stored_variable)
    return fail(Errc::kCorrupt, "a block's lengths do not add up");
  h.records = body.substr(kHeaderBytes, record_bytes);
  h.variable = body.substr(kHeaderBytes + record_bytes);
  return h;
}

// Checks the sequence and every variable part on the way.
Result<void> Block::decode_parts(Keep keep) {
  const std::string_view variable = contents_->variable;
  if (!variable.empty())
    parts_.reserve(static_cast<std::size_t>(
        std::count_if(contents_->records.begin(), contents_->records.end(),
                      [](const Record& r) { return (r.flags & Record::kHasVariable) != 0; })));
  Written written(*contents_);
  std::uint64_t seq = first_seq_;
  bool first_leg = true;
  for (const Record& record : contents_->records) {
    if (record.seq != seq)
      return fail(Errc::kCorrupt, "record {} of a block is out of sequence",
                  &record - contents_->records.data());
    if (record.last_leg()) ++seq;
    const bool first = std::exchange(first_leg, record.last_leg());
    if ((record.flags & Record::kHasVariable) == 0) continue;
    if (!first)
      return fail(Errc::kCorrupt, "record {} has what only a first leg has",
                  &record - contents_->records.data());
    if (record.variable_offset > variable.size() ||
        record.variable_length > variable.size() - record.variable_offset)
      return fail(Errc::kCorrupt, "record {} points outside its block",
                  &record - contents_->records.data());
    TRY(auto part, decode_sections(variable_of(record, variable), keep, &written));
    parts_.push_back(std::move(part));
  }
  if (!first_leg || seq != last_seq_ + 1)
    return fail(Errc::kCorrupt, "a block ends inside a command");
  return success();
}

Result<BlockPtr> Block::parse(std::string bytes) {
  const auto block = std::shared_ptr<Block>(new Block);
  block->bytes_ = std::move(bytes);
  const std::string_view all = block->bytes_;
  if (all.size() >= kHeaderBytes + 4 && std::memcmp(all.data(), kMagic, sizeof kMagic) == 0) {
    std::uint32_t crc;
    std::memcpy(&crc, all.data() + all.size() - 4, 4);
    if (crc32c(all.substr(0, all.size() - 4)) != crc)
      return fail(Errc::kCorrupt, "a block's checksum does not hold");
  }
  TRY(auto header, block->read_header());
  const auto contents = std::make_shared<BlockContents>();
  contents->records.resize(header.record_count);
  if (header.form == BlockForm::kPlain) {
    std::memcpy(static_cast<void*>(contents->records.data()), header.records.data(),
                header.records.size());
    contents->variable = header.variable;
  } else {
    if (!unpack_records(header.records, contents->records))
      return fail(Errc::kCorrupt, "a block's records do not unpack");
    if (header.variable.size() == header.variable_bytes) {
      contents->variable = header.variable;
    } else {
      contents->variable.resize(header.variable_bytes);
      const int got = LZ4_decompress_safe(header.variable.data(), contents->variable.data(),
                                          static_cast<int>(header.variable.size()),
                                          static_cast<int>(header.variable_bytes));
      if (got < 0 || static_cast<std::uint64_t>(got) != header.variable_bytes)
        return fail(Errc::kCorrupt, "a block's variable part does not decompress");
    }
  }
  block->contents_ = contents;
  TRY(block->decode_parts(Keep::kAll));
  return BlockPtr(block);
}

Result<BlockPtr> Block::sealed(const BlockBuilder& builder, std::string bytes) {
  const auto block = std::shared_ptr<Block>(new Block);
  block->bytes_ = std::move(bytes);
  TRY(auto header, block->read_header());
  block->contents_ = builder.contents();
  // What goes into the journal is what will be read from it.
  thread_local std::vector<Record> back;
  back.resize(header.record_count);
  CHECK_OR_DIE(unpack_records(header.records, back) &&
                   std::memcmp(back.data(), block->contents_->records.data(),
                               back.size() * sizeof(Record)) == 0,
               "block {} does not unpack to what was packed", block->first_seq_);
  TRY(block->decode_parts(Keep::kEffects));
  return BlockPtr(block);
}

const Sha256& Block::hash() const {
  std::call_once(hashed_,
                 [&] { hash_ = sha256(std::string_view(bytes_).substr(0, bytes_.size() - 4)); });
  return hash_;
}

std::span<const Record> find_command(std::span<const Record> all, std::uint64_t seq) {
  const auto begin = std::lower_bound(all.begin(), all.end(), seq,
                                      [](const Record& r, std::uint64_t s) { return r.seq < s; });
  auto end = begin;
  while (end != all.end() && end->seq == seq) ++end;
  return all.subspan(static_cast<std::size_t>(begin - all.begin()),
                     static_cast<std::size_t>(end - begin));
}

StoredCommand read_command(std::span<const Record> legs, std::string_view variable) {
  const Record& first = legs.front();
  auto decoded = decode_variable(variable_of(first, variable));
  CHECK_OR_DIE(decoded, "journal entry {} does not decode", first.seq);
  VariablePart& part = decoded.value();
  StoredCommand stored;
  stored.seq = first.seq;
  stored.timestamp.ns = first.timestamp_ns;
  stored.key = first.key();
  stored.kind = static_cast<CommandKind>(first.command_kind);
  stored.refusal = Refusal{static_cast<RefusalCode>(first.refusal), std::move(part.refusal_detail)};
  stored.voucher_no = first.voucher_no;
  stored.date_given = first.flags & Record::kDateGiven;
  stored.adjustment = first.flags & Record::kAdjustment;
  stored.linked = first.flags & Record::kLinked;
  stored.hold = first.flags & Record::kHold;
  stored.expires_at.ns = first.expires_ns;
  stored.content = std::move(part.content);
  ChangeSet& effects = stored.effects;
  const bool refused = first.refusal != 0;
  for (const Record& r : legs)
    if (r.moves_money() || (refused && r.debit != 0)) effects.transfers.push_back(r.transfer());
  effects.date.days = first.date_days;
  if (first.flags & Record::kHasEffective) effects.effective = Date{first.effective_days};
  effects.code = first.code;
  effects.type = static_cast<VoucherType>(first.voucher_type);
  effects.ref = ClaimKey{Id128{first.ref_hi, first.ref_lo}, CallerId{first.ref_caller}};
  if (first.flags & Record::kInlineKey) {
    VoucherText text = part.text ? *part.text : VoucherText{};
    text.business_key.assign(first.business_key,
                             strnlen(first.business_key, sizeof first.business_key));
    part.text = std::make_shared<const VoucherText>(std::move(text));
  }
  effects.text = std::move(part.text);
  effects.rules = std::move(part.rules);
  effects.accounts = std::move(part.accounts);
  for (const DocumentPtr& document : part.documents) effects.documents.push_back(*document);
  effects.events = std::move(part.events);
  effects.book = part.book;
  effects.answer = std::move(part.answer);
  return stored;
}

}  // namespace suanpan
