#include "ledger/engine/archive_checkpoint.h"

#include <charconv>

#include "ledger/base/check.h"
#include "ledger/base/json.h"
#include "ledger/core/reversal_totals.h"
#include "ledger/engine/audit_tables.h"
#include "ledger/store/document_projection.h"

namespace suanpan {
namespace {

constexpr std::string_view kForm = "checkpoint1";
constexpr std::string_view kNamePrefix = "checkpoint-";
constexpr std::size_t kShownBytes = 64;  // of a line, on either side of where it differs

std::string hex_of(std::string_view bytes) {
  return hex_lower({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

/// Writes the lines, a function a kind.
class Body {
 public:
  explicit Body(const Audit& audit) : audit_(audit) {}
  std::string take() { return std::move(text_); }

  void head(const Id128& book, const JournalAudit& journal) {
    JsonWriter line = begin("checkpoint", book.hex());
    line.field("seq", audit_.last_seq()).field("hash", hex_lower(journal.last_hash()));
    line.field("time_ns", std::to_string(audit_.last_timestamp_ns()));
    const AuditCounters& c = audit_.counters();
    line.field("blocks", journal.blocks()).field("commands", c.commands);
    line.field("refusals", c.refusals).field("vouchers", c.vouchers);
    line.field("transfers", c.transfers).field("reversals", c.reversals);
    end(line);
  }
  void file(const ArchiveFileFacts& file) {
    JsonWriter line = begin("file", archive_file_name(file.number));
    line.field("first_seq", file.first_seq).field("last_seq", file.last_seq);
    line.field("blocks", file.blocks).field("sha256", hex_lower(file.digest));
    end(line);
  }
  void root(const DailyRoot& root) { text_ += root.line() + "\n"; }
  void days() {
    if (!audit_.days()) return;
    JsonWriter line = begin("day", audit_.days()->accounting_date.iso());
    line.field("closed_through", audit_.days()->closed_through.iso());
    if (audit_.currency()) line.field("currency", code_of(*audit_.currency()));
    end(line);
  }
  void ids(const CheckpointFacts& facts) {
    JsonWriter line = begin("ids", hex_lower(facts.ids()));
    line.field("claimed", audit_.ids().size());
    end(line);
  }
  void voucher_numbers() {
    for (const auto& [of, last] : audit_.voucher_numbers()) {
      JsonWriter line = begin("numbers", std::to_string(of.first));
      line.field("type", name_of(static_cast<VoucherType>(of.second))).field("last", last);
      end(line);
    }
  }
  void years() {
    for (const auto& [year, close] : audit_.years()) {
      JsonWriter line = begin("year", std::to_string(year));
      line.field("state", name_of(close.state)).field("maker", close.maker);
      line.field("checker", close.checker).field("vouchers", close.vouchers);
      end(line);
    }
  }
  void subjects() {
    for (const auto& [code, s] : audit_.subjects()) {
      JsonWriter line = begin("subject", code);
      line.field("name", s.name).field("type", name_of(s.type)).field("normal", name_of(s.normal));
      line.field("leaf", s.leaf).key("dimensions").begin_array();
      for (const std::string& dimension : s.dimensions) line.string(dimension);
      line.end_array().field("closes_into", s.closes_into);
      end(line);
    }
  }
  void accounts() {
    for (const AuditedAccount& a : audit_.accounts()) {
      JsonWriter line = begin("account", a.account.code);
      line.field("number", a.account.id.value).field("name", a.account.name);
      line.field("type", name_of(a.account.type)).field("normal", name_of(a.account.normal));
      line.field("currency", code_of(a.account.currency));
      const auto& [limit, credit_line, frozen_in, frozen_out, closed, hot] = a.account.terms;
      line.field("limit", name_of(limit)).field("credit_line", std::to_string(credit_line));
      line.field("frozen_in", frozen_in).field("frozen_out", frozen_out);
      line.field("closed", closed).field("hot", hot).field("version", a.account.version);
      totals(line, {a.debit_posted, a.credit_posted, a.debit_pending, a.credit_pending, a.debit_red,
                    a.credit_red});
      line.field("entries", a.entries.count);
      if (a.latest != kNoDate) line.field("latest", Date{a.latest}.iso());
      end(line);
    }
  }
  void roll_ups() {
    for (const auto& [of, sums] : roll_ups_of(audit_)) {
      JsonWriter line = begin("below", of.first);
      line.field("currency", code_of(of.second)).field("accounts", sums.accounts);
      const auto& t = sums.totals;
      totals(line, {t[0], t[1], t[2], t[3], t[4], t[5]});
      end(line);
    }
  }
  void holds(const CheckpointFacts& facts) {
    each(facts, DocumentKind::kHold, [&](const ClaimKey& key, std::string_view bytes) {
      const auto hold = decode_hold(bytes);
      CHECK_OR_DIE(hold, "the audit took a hold that does not decode");
      JsonWriter line = begin("hold", key.hex());
      line.field("expires_ns", std::to_string(hold->expires_at.ns)).key("legs").begin_array();
      for (const HoldLeg& leg : hold->legs) {
        line.begin_object().field("debit", leg.debit.value).field("credit", leg.credit.value);
        line.field("amount", std::to_string(leg.amount));
        line.field("remaining", std::to_string(leg.remaining)).end_object();
      }
      line.end_array();
      end(line);
    });
  }
  void reversals(const CheckpointFacts& facts) {
    each(facts, DocumentKind::kReversalTotal, [&](const ClaimKey& key, std::string_view bytes) {
      const auto reversed = decode_reversal_totals(bytes);
      CHECK_OR_DIE(reversed, "the audit took reversal totals that do not decode");
      JsonWriter line = begin("reversed", key.hex());
      line.key("legs").begin_array();
      for (const std::int64_t amount : *reversed) line.string(std::to_string(amount));
      line.end_array();
      end(line);
    });
  }
  void documents(const CheckpointFacts& facts) {
    for (const auto& [row, document] : audit_.documents()) {
      JsonWriter line = begin("document", hex_of(row.substr(1)));
      line.field("kind", static_cast<std::uint8_t>(row[0])).field("version", document.version);
      line.field("open", document.open).field("digest", document.digest.hex());
      if (document.open) {
        const auto found = facts.documents().find(row);
        CHECK_OR_DIE(found != facts.documents().end() && id_of(found->second) == document.digest,
                     "an open document is not the one that the audit took");
        line.field("bytes", base64(found->second));
      }
      end(line);
    }
  }

 private:
  static JsonWriter begin(std::string_view kind, std::string_view name) {
    JsonWriter line;
    line.begin_object().field(kind, name);
    return line;
  }
  void end(JsonWriter& line) {
    line.end_object();
    text_ += line.take();
    text_ += '\n';
  }
  static void totals(JsonWriter& line, std::initializer_list<Int128> amounts) {
    static constexpr const char* kNames[] = {"debits_posted",   "credits_posted", "debits_pending",
                                             "credits_pending", "debits_red",     "credits_red"};
    const char* const* name = kNames;
    for (const Int128 amount : amounts) line.field(*name++, decimal(amount));
  }
  template <class Each>
  static void each(const CheckpointFacts& facts, DocumentKind kind, Each&& each) {
    const std::string prefix = document_row_key(kind, "");
    for (auto it = facts.documents().lower_bound(prefix);
         it != facts.documents().end() && it->first.starts_with(prefix); ++it) {
      const auto key = ClaimKey::from_bytes(std::string_view(it->first).substr(prefix.size()));
      CHECK_OR_DIE(key, "the audit took a document whose key is none");
      each(*key, it->second);
    }
  }

  const Audit& audit_;
  std::string text_;
};

/// Takes " name=value" off the front of a line; empty where it does not begin so.
std::string_view field(std::string_view& line, std::string_view name) {
  if (!line.starts_with(' ') || line.substr(1, name.size()) != name ||
      line.substr(1 + name.size(), 1) != "=")
    return {};
  line.remove_prefix(name.size() + 2);
  const std::string_view value = line.substr(0, line.find(' '));
  line.remove_prefix(value.size());
  return value;
}

bool read_digest(std::string_view hex, Sha256& to) {
  const auto digest = sha256_from_hex(hex);
  if (digest) to = *digest;
  return digest.has_value();
}

bool read_signature(std::string_view text, std::string& to) {
  auto bytes = from_base64(text);
  if (bytes) to = std::move(*bytes);
  return bytes.has_value();
}

bool read_number(std::string_view text, std::uint64_t& to) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), to);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

/// The part of a line around a byte, cut between characters.
std::string_view shown(std::string_view line, std::size_t at) {
  if (line.empty()) return "nothing";
  const auto inside = [&](std::size_t i) { return i < line.size() && (line[i] & 0xc0) == 0x80; };
  std::size_t begin = at > kShownBytes ? at - kShownBytes : 0, end = at + kShownBytes;
  while (inside(begin)) ++begin;
  while (inside(end)) ++end;
  return line.substr(std::min(begin, line.size()), end - begin);
}

}  // namespace

Sha256 with_ids_of(const Sha256& before, const Block& block) {
  std::string claimed(bytes_of(before));
  for (const Record& record : block.records())
    if (record.leg == 0) claimed += record.key().bytes();
  return sha256(claimed);
}

void CheckpointFacts::take(const Block& block) {
  ids_ = with_ids_of(ids_, block);
  for_each_command(block, [&](std::span<const Record>, const VariablePart* part) {
    if (!part) return;
    for (const DocumentPtr& document : part->documents) {
      const std::string row = document_row_key(document->kind, document->key);
      if (document->open || document->kind == DocumentKind::kReversalTotal)
        documents_[row] = document->bytes;
      else
        documents_.erase(row);
    }
  });
}

std::string checkpoint_body(const Id128& book, const JournalAudit& journal,
                            const CheckpointFacts& facts, std::span<const ArchiveFileFacts> files,
                            std::span<const DailyRoot> roots) {
  Body body(journal.audit());
  body.head(book, journal);
  for (const ArchiveFileFacts& file : files) body.file(file);
  for (const DailyRoot& root : roots) body.root(root);
  body.days();
  body.ids(facts);
  body.voucher_numbers();
  body.years();
  body.subjects();
  body.accounts();
  body.roll_ups();
  body.holds(facts);
  body.reversals(facts);
  body.documents(facts);
  return body.take();
}

std::string ArchiveCheckpoint::message() const {
  return fmt::format("{} book={} seq={} hash={} sha256={}", kForm, book.hex(), seq, hex_lower(hash),
                     hex_lower(digest));
}

std::string ArchiveCheckpoint::signature_line() const {
  return fmt::format("{} ed25519={} sm2={}", message(), base64(signatures.ed25519),
                     base64(signatures.sm2));
}

Result<std::vector<DailyRoot>> ArchiveCheckpoint::roots() const {
  std::vector<DailyRoot> roots;
  std::string_view rest = body;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = next_line(rest);
    if (line.starts_with('{')) continue;
    auto root = DailyRoot::parse(line);
    if (!root)
      return fail(Errc::kCorrupt, "{}, line {}: neither an object nor a daily root",
                  checkpoint_name(seq), number);
    roots.push_back(std::move(root.value()));
  }
  return roots;
}

Fault ArchiveCheckpoint::difference(std::string_view expected) const {
  std::string_view rest = body;
  for (std::size_t number = 1; !rest.empty() || !expected.empty(); ++number) {
    const std::string_view says = next_line(rest), gives = next_line(expected);
    if (says == gives) continue;
    const std::size_t same =
        std::mismatch(says.begin(), says.end(), gives.begin(), gives.end()).first - says.begin();
    return fmt::format("{}, line {} ({}): it says {}, the journal gives {}", checkpoint_name(seq),
                       number, shown(gives, 0), shown(says, same), shown(gives, same));
  }
  return {};
}

Result<ArchiveCheckpoint> ArchiveCheckpoint::parse(std::string_view text) {
  ArchiveCheckpoint c;
  const auto read = [&] {
    if (!text.ends_with('\n')) return false;
    std::string_view line = text.substr(0, text.size() - 1);
    const std::size_t begin = line.rfind('\n') + 1;  // npos + 1: the only line
    c.body = std::string(line.substr(0, begin));
    const std::string_view whole = line.substr(begin);
    line = whole;
    if (!line.starts_with(kForm)) return false;
    line.remove_prefix(kForm.size());
    const auto book = Id128::from_hex(field(line, "book"));
    if (book) c.book = *book;
    return book && read_number(field(line, "seq"), c.seq) &&
           read_digest(field(line, "hash"), c.hash) &&
           read_digest(field(line, "sha256"), c.digest) &&
           read_signature(field(line, "ed25519"), c.signatures.ed25519) &&
           read_signature(field(line, "sm2"), c.signatures.sm2) && c.signature_line() == whole;
  };
  // What is written again to other bytes was not written by us.
  if (!read()) return fail(Errc::kCorrupt, "its last line is not a checkpoint's signature");
  return c;
}

std::string checkpoint_name(std::uint64_t seq) { return fmt::format("{}{:020}", kNamePrefix, seq); }

std::optional<std::uint64_t> checkpoint_seq(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return std::nullopt;
  std::string_view digits = name.substr(kNamePrefix.size());
  std::uint64_t seq = 0;
  if (!read_number(digits, seq) || checkpoint_name(seq) != name) return std::nullopt;
  return seq;
}

}  // namespace suanpan
