// Statements: an account's entries with the balance after each, page by page.
//
//   cursor := hex of account u32 | seq u64 | sub u32 | until u64 | crc32c u32 (of what is before
//   it)
//
// A cursor pins the sequence that its first page saw: pages of one walk never show later entries.
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"
#include "ledger/base/bytes.h"
#include "ledger/base/digest.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::int64_t kMaxPage = 500;

struct Cursor {
  AccountId account;
  EntryPosition after;
  std::uint64_t until = 0;
};

std::string encode(const Cursor& cursor) {
  ByteWriter out;
  out.u32(cursor.account.value);
  out.u64(cursor.after.seq);
  out.u32(cursor.after.sub);
  out.u64(cursor.until);
  out.u32(crc32c(out.bytes()));
  const std::string bytes = out.take();
  return hex_lower({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::optional<Cursor> decode_cursor(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != 28) return std::nullopt;
  ByteReader in(*bytes);
  Cursor cursor;
  cursor.account = AccountId{in.u32()};
  cursor.after.seq = in.u64();
  cursor.after.sub = in.u32();
  cursor.until = in.u64();
  if (in.u32() != crc32c(std::string_view(*bytes).substr(0, 24))) return std::nullopt;
  return cursor;
}

Result<void> write_entries(JsonWriter& out, const Book& book, const std::vector<Entry>& entries) {
  std::optional<StoredCommand> command;
  for (const Entry& entry : entries) {
    if (!command || command->seq != entry.seq) {
      TRY(auto stored, book.command(entry.seq));
      if (!stored) return fail(Errc::kCorrupt, "entry {} has no command", entry.seq);
      command = std::move(stored);
    }
    const std::string counter = book.read([&](const State& state, std::uint64_t) {
      const Account* account = state.account(AccountId{entry.counter});
      return account ? account->code : std::string{};
    });
    out.begin_object()
        .field("seq", entry.seq)
        .field("index", entry.sub / 2)
        .field("side", entry.side == static_cast<std::uint8_t>(Side::kDebit) ? "debit" : "credit")
        .field("amount", entry.amount)
        .field("balance_after", entry.balance_after)
        .field("counter_account", counter)
        .field("accounting_date", Date{entry.date_days}.iso())
        .field("timestamp", command->timestamp.iso_cn())
        .field("voucher", command->key.hex())
        .field("voucher_no", command->voucher_no);
    if (command->effects.text) {
      if (!command->effects.text->summary.empty())
        out.field("summary", command->effects.text->summary);
      if (!command->effects.text->business_key.empty())
        out.field("business_key", command->effects.text->business_key);
    }
    out.end_object();
  }
  return success();
}

void answer_page(const Book& book, Call& call, const std::string& code, Cursor cursor,
                 std::size_t limit) {
  // One more than asked tells whether there is a next page.
  auto read = book.entries(cursor.account, cursor.after, limit + 1, cursor.until);
  if (!read) return refuse_call(call, read.error());
  std::vector<Entry>& entries = read.value();
  const bool more = entries.size() > limit;
  if (more) entries.resize(limit);
  JsonWriter out;
  out.begin_object().field("account", code).field("as_of_seq", cursor.until);
  out.key("entries").begin_array();
  if (const auto written = write_entries(out, book, entries); !written)
    return refuse_call(call, written.error());
  out.end_array().key("next_cursor");
  if (more) {
    cursor.after = EntryPosition{entries.back().seq, entries.back().sub};
    out.string(encode(cursor));
  } else {
    out.null();
  }
  out.end_object();
  call.reply(json_response(200, out.take()));
}

void get(Services& services, Call call) {
  Query query(call);
  const std::string code = query.text("account");
  const auto text = query.maybe_text("cursor");
  const auto limit = query.maybe_integer("limit", 1, kMaxPage).value_or(100);
  std::optional<Cursor> cursor;
  if (text) {
    cursor = decode_cursor(*text);
    if (!cursor) query.fail_at("cursor", "is none of ours");
  }
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  AccountId account;
  std::uint64_t last = 0;
  services.book.read([&](const State& state, std::uint64_t seq) {
    const Account* found = state.account(code);
    if (found) account = found->id;
    last = seq;
  });
  if (account.value == 0) return refuse_call(call, refuse(RefusalCode::kAccountNotFound, code));
  if (cursor && (cursor->account != account || cursor->until > last))
    return refuse_call(call, fail(Errc::kMalformed, "the cursor is another account's"));
  if (!cursor) cursor = Cursor{account, {}, last};
  on_worker(services, std::move(call),
            [&book = services.book, code, cursor = *cursor, limit](Call& to) {
              answer_page(book, to, code, cursor, static_cast<std::size_t>(limit));
            });
}

}  // namespace

void add_statement_routes(Router& router, Services& services) {
  router.describe("StatementEntry",
                  "seq:integer index:integer side:=debit|credit amount:integer "
                  "balance_after:integer counter_account:string accounting_date:date "
                  "timestamp:date-time voucher:string voucher_no:integer summary?:string "
                  "business_key?:string");
  router.describe("Statement",
                  "account:string as_of_seq:integer entries:[StatementEntry] "
                  "next_cursor:string|null");
  router.add(
      {.method = "GET",
       .pattern = "/v1/statements",
       .allowed = kReaders,
       .summary = "An account's entries, oldest first, with the balance after each",
       .handle = [&services](Call call) { get(services, std::move(call)); },
       .doc = {.answer = "Statement", .query = "account:string cursor?:string limit?:integer"}});
}

}  // namespace suanpan::api::v1
