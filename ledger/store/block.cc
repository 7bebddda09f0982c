#include "ledger/store/block.h"

#include <cstring>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr char kMagic[8] = {'S', 'P', 'B', 'L', 'O', 'C', 'K', '1'};
constexpr std::size_t kHeaderBytes = 96;

enum Tag : std::uint8_t {
  kText = 1,
  kAccount = 2,
  kDocument = 3,
  kEvent = 4,
  kBook = 5,
  kContent = 6,
  kAnswer = 7,
  kRefusalDetail = 8,
};

void section(std::string& out, Tag tag, const ByteWriter& payload) {
  ByteWriter head;
  head.u8(tag);
  head.u32(static_cast<std::uint32_t>(payload.size()));
  out += head.bytes();
  out += payload.bytes();
}

void write_text(std::string& out, const VoucherText& text, bool key_inline) {
  if (text.summary.empty() && text.metadata.empty() && text.maker.empty() && text.checker.empty() &&
      (key_inline || text.business_key.empty()))
    return;
  ByteWriter w;
  w.text(text.summary);
  w.text(key_inline ? std::string_view{} : text.business_key);
  w.text(text.metadata);
  w.text(text.maker);
  w.text(text.checker);
  section(out, kText, w);
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

void write_account(std::string& out, const Account& a) {
  ByteWriter w;
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
  section(out, kAccount, w);
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
  ByteWriter w;
  w.u8(static_cast<std::uint8_t>(d.kind));
  w.text(d.key);
  w.u32(d.version);
  w.u8(d.open ? 1 : 0);
  w.text(d.bytes);
  section(out, kDocument, w);
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

void write_content(std::string& out, const Content& content) {
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(content.size()));
  for (const auto& [name, value] : content) {
    w.text(name);
    w.text(value);
  }
  section(out, kContent, w);
}

void write_effects(std::string& out, const ChangeSet& changes) {
  for (const Account& a : changes.accounts) write_account(out, a);
  for (const DocumentChange& d : changes.documents) write_document(out, d);
  for (const Event& e : changes.events) {
    ByteWriter w;
    w.text(e.topic);
    w.text(e.key);
    w.text(e.payload);
    section(out, kEvent, w);
  }
  if (changes.book) {
    ByteWriter w;
    w.i32(changes.book->accounting_date.days);
    w.i32(changes.book->closed_through.days);
    section(out, kBook, w);
  }
  if (!changes.answer.empty()) {
    ByteWriter w;
    w.text(changes.answer);
    section(out, kAnswer, w);
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

BlockBuilder::BlockBuilder(std::size_t reserve) { records_.reserve(reserve); }

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
    write_text(variable_, *changes.text, fits_inline(key));
  }
  write_effects(variable_, changes);
  if (command.content) write_content(variable_, *command.content);
  finish(first, begin);

  const std::size_t legs = changes.transfers.size();
  for (std::size_t i = 0; i < std::max<std::size_t>(legs, 1); ++i) {
    Record& r = records_.emplace_back(first);
    if (i > 0) {
      r.variable_offset = r.variable_length = 0;
      r.flags &= static_cast<std::uint8_t>(~Record::kHasVariable);
    }
    r.leg = static_cast<std::uint32_t>(i);
    if (i < legs) set_leg(r, changes.transfers[i]);
    if (i + 1 < legs) r.flags |= Record::kMoreLegs;
  }
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
    if (v->text) write_text(variable_, *v->text, false);
  }
  if (command.content) write_content(variable_, *command.content);
  if (!refusal.detail.empty()) {
    ByteWriter w;
    w.text(refusal.detail);
    section(variable_, kRefusalDetail, w);
  }
  finish(first, begin);
  for (std::size_t i = 0; i < std::max<std::size_t>(asked.size(), 1); ++i) {
    Record& r = records_.emplace_back(first);
    if (i > 0) {
      r.variable_offset = r.variable_length = 0;
      r.flags &= static_cast<std::uint8_t>(~Record::kHasVariable);
    }
    r.leg = static_cast<std::uint32_t>(i);
    if (i < asked.size()) set_leg(r, asked[i]);
    if (i + 1 < asked.size()) r.flags |= Record::kMoreLegs;
  }
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
  variable_ += variable;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    Record& r = records_.emplace_back(legs[i]);
    r.seq = first.seq;
    r.voucher_no = first.voucher_no;
    if (i == 0) r.variable_offset = first.variable_offset;
  }
  return answer_of(first);
}

std::string BlockBuilder::seal(const Sha256& previous) const {
  CHECK_OR_DIE(!records_.empty(), "an empty block");
  ByteWriter header;
  std::string out;
  const std::size_t record_bytes = records_.size() * sizeof(Record);
  out.reserve(kHeaderBytes + record_bytes + variable_.size() + 4);
  out.append(kMagic, sizeof kMagic);
  header.u32(kBlockVersion);
  header.u32(static_cast<std::uint32_t>(records_.size()));
  header.u64(variable_.size());
  header.u64(records_.front().seq);
  header.u64(records_.back().seq);
  header.i64(records_.back().timestamp_ns);
  out += header.bytes();
  out.append(reinterpret_cast<const char*>(previous.data()), previous.size());
  out.resize(kHeaderBytes, '\0');
  out.append(reinterpret_cast<const char*>(records_.data()), record_bytes);
  out += variable_;
  const std::uint32_t crc = crc32c(out);
  out.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return out;
}

Result<VariablePart> decode_variable(std::string_view bytes) {
  VariablePart part;
  while (!bytes.empty()) {
    ByteReader head(bytes.substr(0, 5));
    const std::uint8_t tag = head.u8();
    const std::uint32_t length = head.u32();
    if (!head.done() || length > bytes.size() - 5)
      return fail(Errc::kCorrupt, "a section is cut off");
    const std::string_view payload = bytes.substr(5, length);
    bytes.remove_prefix(5 + length);
    ByteReader r(payload);
    bool good = true;
    switch (tag) {
      case kText:
        part.text = read_text(r);
        good = r.done();
        break;
      case kAccount: {
        auto account = read_account(payload);
        good = account.has_value();
        if (good) part.accounts.push_back(std::move(*account));
        break;
      }
      case kDocument: {
        auto document = read_document(payload);
        good = document.has_value();
        if (good) part.documents.push_back(std::make_shared<const Document>(std::move(*document)));
        break;
      }
      case kEvent: {
        Event event;
        event.topic = r.text();
        event.key = r.text();
        event.payload = r.text();
        good = r.done();
        part.events.push_back(std::move(event));
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
          std::string name = r.text();
          std::string value = r.text();
          part.content.emplace_back(std::move(name), std::move(value));
        }
        good = r.done();
        break;
      }
      case kAnswer:
        part.answer = r.text();
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

Result<BlockPtr> Block::parse(std::string bytes) {
  const auto block = std::shared_ptr<Block>(new Block);
  block->bytes_ = std::move(bytes);
  const std::string_view all = block->bytes_;
  if (all.size() < kHeaderBytes + 4) return fail(Errc::kCorrupt, "a block of {} bytes", all.size());
  if (std::memcmp(all.data(), kMagic, sizeof kMagic) != 0)
    return fail(Errc::kCorrupt, "not a block");
  std::uint32_t crc;
  std::memcpy(&crc, all.data() + all.size() - 4, 4);
  const std::string_view body = all.substr(0, all.size() - 4);
  if (crc32c(body) != crc) return fail(Errc::kCorrupt, "a block's checksum does not hold");
  ByteReader r(body.substr(8, 48));
  const std::uint32_t version = r.u32();
  if (version > kBlockVersion)
    return fail(Errc::kUnsupported, "block version {} is newer than this program's {}", version,
                kBlockVersion);
  if (version == 0) return fail(Errc::kCorrupt, "block version 0");
  block->record_count_ = r.u32();
  const std::uint64_t variable_bytes = r.u64();
  block->first_seq_ = r.u64();
  block->last_seq_ = r.u64();
  block->last_timestamp_.ns = r.i64();
  std::memcpy(block->previous_.data(), body.data() + 48, 32);
  const std::size_t record_bytes = block->record_count_ * sizeof(Record);
  if (block->record_count_ == 0 || body.size() < kHeaderBytes + record_bytes ||
      body.size() - kHeaderBytes - record_bytes != variable_bytes)
    return fail(Errc::kCorrupt, "a block's lengths do not add up");
  // Copied once into aligned memory: records are read in place ever after.
  std::shared_ptr<Record[]> records(new Record[block->record_count_]);
  std::memcpy(records.get(), body.data() + kHeaderBytes, record_bytes);
  block->variable_ = body.substr(kHeaderBytes + record_bytes);
  std::uint64_t seq = block->first_seq_;
  for (std::size_t i = 0; i < block->record_count_; ++i) {
    const Record& record = records[i];
    if (record.seq != seq)
      return fail(Errc::kCorrupt, "record {} of a block is out of sequence", i);
    if (record.last_leg()) ++seq;
    if ((record.flags & Record::kHasVariable) &&
        (record.variable_offset > variable_bytes ||
         record.variable_length > variable_bytes - record.variable_offset))
      return fail(Errc::kCorrupt, "record {} points outside its block", i);
    if (record.flags & Record::kHasVariable) {
      TRY(auto part, decode_variable(variable_of(record, block->variable_)));
      block->parts_.push_back(std::move(part));
    }
  }
  if (seq != block->last_seq_ + 1) return fail(Errc::kCorrupt, "a block ends inside a command");
  block->records_ = records;
  block->hash_ = sha256(body);
  return BlockPtr(block);
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
  effects.accounts = std::move(part.accounts);
  for (const DocumentPtr& document : part.documents) effects.documents.push_back(*document);
  effects.events = std::move(part.events);
  effects.book = part.book;
  effects.answer = std::move(part.answer);
  return stored;
}

}  // namespace suanpan
