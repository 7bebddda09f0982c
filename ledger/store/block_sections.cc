#include "ledger/store/block_sections.h"

#include <cstring>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/core/voucher_rules.h"

namespace suanpan {
namespace {

// Written in place; its length is filled in when it is known.
template <class Write>
void section(std::string& out, SectionTag tag, Write&& write) {
  ByteWriter w(std::move(out));
  w.u8(static_cast<std::uint8_t>(tag));
  const std::size_t length_at = w.size();
  w.u32(0);
  write(w);
  w.set_u32(length_at, static_cast<std::uint32_t>(w.size() - length_at - 4));
  out = w.take();
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
  section(out, SectionTag::kAccount, [&](ByteWriter& w) {
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
  section(out, SectionTag::kDocument, [&](ByteWriter& w) {
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

bool is_written(const Document& d, std::string_view payload) {
  ByteReader r(payload);
  return static_cast<DocumentKind>(r.u8()) == d.kind && r.view_text() == d.key &&
         r.u32() == d.version && (r.u8() != 0) == d.open && r.view_text() == d.bytes && r.done();
}

// ---- One section each: whether it decodes. `all`: also what only a whole command is read for.

bool take_text(ByteReader r, bool all, VariablePart& part) {
  if (all) {
    part.text = read_text(r);
    part.business_key = part.text->business_key;
  } else {
    r.skip_text();
    part.business_key = r.text();
    for (int i = 0; i < 3; ++i) r.skip_text();
  }
  return r.done();
}

bool take_rules(ByteReader r, bool all, VariablePart& part) {
  if (!all) {
    r.skip_text();
    return r.done();
  }
  auto rules = decode_voucher_rules(r.text());
  if (!r.done() || !rules) return false;
  part.rules = std::make_shared<const VoucherRules>(std::move(*rules));
  return true;
}

bool take_document(std::string_view payload, WrittenDocuments* written, VariablePart& part) {
  if (DocumentPtr known = written ? written->take(payload) : nullptr) {
    part.documents.push_back(std::move(known));
    return true;
  }
  auto document = read_document(payload);
  if (!document) return false;
  part.documents.push_back(std::make_shared<const Document>(std::move(*document)));
  return true;
}

bool take_event(ByteReader r, bool all, VariablePart& part) {
  if (all) {
    Event& event = part.events.emplace_back();
    event.topic = r.text();
    event.key = r.text();
    event.payload = r.text();
  } else {
    for (int i = 0; i < 3; ++i) r.skip_text();
  }
  return r.done();
}

bool take_content(ByteReader r, bool all, VariablePart& part) {
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
  return r.done();
}

// Nothing: no section has this tag.
std::optional<bool> take_section(std::uint8_t tag, std::string_view payload, bool all,
                                 WrittenDocuments* written, VariablePart& part) {
  ByteReader r(payload);
  switch (static_cast<SectionTag>(tag)) {
    case SectionTag::kText:
      return take_text(r, all, part);
    case SectionTag::kRules:
      return take_rules(r, all, part);
    case SectionTag::kAccount: {
      auto account = read_account(payload);
      if (account) part.accounts.push_back(std::move(*account));
      return account.has_value();
    }
    case SectionTag::kDocument:
      return take_document(payload, written, part);
    case SectionTag::kEvent:
      return take_event(r, all, part);
    case SectionTag::kBook: {
      BookChange change;
      change.accounting_date.days = r.i32();
      change.closed_through.days = r.i32();
      part.book = change;
      return r.done();
    }
    case SectionTag::kContent:
      return take_content(r, all, part);
    case SectionTag::kAnswer:
      if (all)
        part.answer = r.text();
      else
        r.skip_text();
      return r.done();
    case SectionTag::kRefusalDetail:
      part.refusal_detail = r.text();
      return r.done();
  }
  return std::nullopt;
}

}  // namespace

void write_text(std::string& out, const VoucherText& text, bool key_inline) {
  if (text.summary.empty() && text.metadata.empty() && text.maker.empty() && text.checker.empty() &&
      (key_inline || text.business_key.empty()))
    return;
  section(out, SectionTag::kText, [&](ByteWriter& w) {
    w.text(text.summary);
    w.text(key_inline ? std::string_view{} : text.business_key);
    w.text(text.metadata);
    w.text(text.maker);
    w.text(text.checker);
  });
}

void write_rules(std::string& out, const VoucherRules& rules) {
  if (rules.expects.empty() && rules.sweeps.empty()) return;
  section(out, SectionTag::kRules, [&](ByteWriter& w) { w.text(encode(rules)); });
}

void write_content(std::string& out, const Content& content) {
  section(out, SectionTag::kContent, [&](ByteWriter& w) {
    w.u16(static_cast<std::uint16_t>(content.size()));
    for (const auto& [name, value] : content) {
      w.text(name);
      w.text(value);
    }
  });
}

void write_refusal_detail(std::string& out, std::string_view detail) {
  section(out, SectionTag::kRefusalDetail, [&](ByteWriter& w) { w.text(detail); });
}

void write_effect_sections(BlockContents& contents, const ChangeSet& changes) {
  std::string& out = contents.variable;
  for (const Account& a : changes.accounts) write_account(out, a);
  changes.documents.share([&](const DocumentPtr& document) {
    contents.written.emplace_back(out.size() + kSectionHeadBytes, document);
    write_document(out, *document);
  });
  for (const Event& e : changes.events) {
    section(out, SectionTag::kEvent, [&](ByteWriter& w) {
      w.text(e.topic);
      w.text(e.key);
      w.text(e.payload);
    });
  }
  if (changes.book) {
    section(out, SectionTag::kBook, [&](ByteWriter& w) {
      w.i32(changes.book->accounting_date.days);
      w.i32(changes.book->closed_through.days);
    });
  }
  if (!changes.answer.empty()) {
    section(out, SectionTag::kAnswer, [&](ByteWriter& w) { w.text(changes.answer); });
  }
}

DocumentPtr WrittenDocuments::take(std::string_view payload) {
  const auto at = static_cast<std::size_t>(payload.data() - begin_);
  while (!rest_.empty() && rest_.front().first < at) rest_ = rest_.subspan(1);
  if (rest_.empty() || rest_.front().first != at) return nullptr;
  const DocumentPtr& document = rest_.front().second;
  // What goes into the journal is what will be read from it.
  CHECK_OR_DIE(is_written(*document, payload), "a document changed after it was written");
  return document;
}

Result<void> decode_sections(std::string_view bytes, Keep keep, WrittenDocuments* written,
                             VariablePart& part) {
  while (!bytes.empty()) {
    ByteReader head(bytes.substr(0, kSectionHeadBytes));
    const std::uint8_t tag = head.u8();
    const std::uint32_t length = head.u32();
    if (!head.done() || length > bytes.size() - kSectionHeadBytes)
      return fail(Errc::kCorrupt, "a section is cut off");
    const std::string_view payload = bytes.substr(kSectionHeadBytes, length);
    bytes.remove_prefix(kSectionHeadBytes + length);
    const auto good = take_section(tag, payload, keep == Keep::kAll, written, part);
    if (!good) return fail(Errc::kCorrupt, "an unknown section {}", tag);
    if (!*good) return fail(Errc::kCorrupt, "section {} does not decode", tag);
  }
  return success();
}

StoredCommand read_command(std::span<const Record> legs, std::string_view variable) {
  const Record& first = legs.front();
  VariablePart part;
  CHECK_OR_DIE(decode_sections(variable_of(first, variable), Keep::kAll, nullptr, part),
               "journal entry {} does not decode", first.seq);
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
  effects.rules = part.rules ? std::move(part.rules) : expected_in(stored.content);
  effects.accounts = std::move(part.accounts);
  for (const DocumentPtr& document : part.documents) effects.documents.push_back(*document);
  effects.events = std::move(part.events);
  effects.book = part.book;
  effects.answer = std::move(part.answer);
  return stored;
}

}  // namespace suanpan
