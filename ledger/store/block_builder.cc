#include "ledger/store/block_builder.h"

#include <boost/container/small_vector.hpp>
#include <cstring>

#include "ledger/base/check.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/store/block_sections.h"

namespace suanpan {
namespace {

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
  // Not what the content says already.
  if (changes.rules && !(command.content && expected_in(*command.content)))
    write_rules(contents_->variable, *changes.rules);
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
    if (v->rules) write_rules(contents_->variable, *v->rules);
  }
  if (command.content) write_content(contents_->variable, *command.content);
  if (!refusal.detail.empty()) write_refusal_detail(contents_->variable, refusal.detail);
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

std::string BlockBuilder::seal(const Sha256& previous, BlockForm form) const {
  CHECK_OR_DIE(!contents_->records.empty(), "an empty block");
  CHECK_OR_DIE(form != BlockForm::kArchived, "a block is made whole");
  return seal_contents(*contents_, previous, form);
}

}  // namespace suanpan
