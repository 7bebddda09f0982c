// Queries: vouchers, transfers and entries of a book, by any of the conditions at once.
//
// A cursor (query_cursor.h) pins the sequence that its first page saw. A page may be short, even
// empty, and have one: only a page without a cursor is the last (ledger/engine/query.h).
//
// An upstream key finds what its own commands did.
#include "ledger/engine/query.h"

#include "api/v1/body.h"
#include "api/v1/ownership.h"
#include "api/v1/query_cursor.h"
#include "api/v1/routes.h"
#include "api/v1/voucher_answer.h"
#include "ledger/base/limits.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::int64_t kMaxPage = 500;
constexpr std::size_t kMaxMembers = 8;

constexpr std::string_view kParameters =
    "account?:string debit?:string credit?:string side?:=debit|credit code?:integer "
    "from?:date-time before?:date-time from_date?:date through_date?:date effective_from?:date "
    "effective_through?:date min_amount?:integer max_amount?:integer business_key?:string "
    "metadata?:string "
    "order?:=oldest|newest as_of_seq?:integer limit?:integer cursor?:string";

/// What a query names accounts by; they are looked up once the rest is known to be good.
struct NamedAccounts {
  std::optional<std::string> account, debit, credit;
};

template <class T>
std::optional<T> choice(v1::Query& in, std::string_view name,
                        std::initializer_list<std::pair<std::string_view, T>> words) {
  const auto text = in.maybe_text(name);
  if (!text) return std::nullopt;
  for (const auto& [word, value] : words)
    if (*text == word) return value;
  in.fail_at(name, "has no such choice");
  return std::nullopt;
}

// metadata={"shop":"7"}: every member a string, of which at most kMaxMembers.
void read_metadata(v1::Query& in, QueryConditions& c) {
  const auto text = in.maybe_text("metadata");
  if (!text) return;
  const auto parsed = JsonDocument::parse(*text);
  if (!parsed || !parsed.value().root().is_object())
    return in.fail_at("metadata", "must be a JSON object");
  const auto members = parsed.value().root().members();
  if (members.empty() || members.size() > kMaxMembers)
    return in.fail_at("metadata", fmt::format("must have 1 to {} members", kMaxMembers));
  for (const JsonMember& member : members) {
    const auto value = member.value.as_string();
    if (!value) return in.fail_at("metadata", "must hold strings");
    c.metadata.emplace_back(member.key, value.value());
  }
}

void read_conditions(v1::Query& in, QueryOf of, NamedAccounts& names, QueryConditions& c) {
  names.account = in.maybe_text("account");
  names.debit = in.maybe_text("debit");
  names.credit = in.maybe_text("credit");
  c.side = choice<Side>(in, "side", {{"debit", Side::kDebit}, {"credit", Side::kCredit}});
  if (c.side && !names.account && of != QueryOf::kEntries)
    in.fail_at("side", "says on which side of \"account\", which is missing");
  if (const auto code = in.maybe_integer("code", 0, UINT16_MAX))
    c.code = static_cast<std::uint16_t>(*code);
  c.from = in.maybe_time("from");
  c.before = in.maybe_time("before");
  if (c.from && c.before && *c.before <= *c.from) in.fail_at("before", "is not after \"from\"");
  c.from_date = in.maybe_date("from_date");
  c.through_date = in.maybe_date("through_date");
  if (c.from_date && c.through_date && *c.through_date < *c.from_date)
    in.fail_at("through_date", "is before \"from_date\"");
  c.effective_from = in.maybe_date("effective_from");
  c.effective_through = in.maybe_date("effective_through");
  if (c.effective_from && c.effective_through && *c.effective_through < *c.effective_from)
    in.fail_at("effective_through", "is before \"effective_from\"");
  c.min_amount = in.maybe_integer("min_amount", -kMaxAmountMinor, kMaxAmountMinor);
  c.max_amount = in.maybe_integer("max_amount", -kMaxAmountMinor, kMaxAmountMinor);
  if (c.min_amount && c.max_amount && *c.max_amount < *c.min_amount)
    in.fail_at("max_amount", "is below \"min_amount\"");
  if (const auto key = in.maybe_text("business_key")) {
    if (key->empty() || key->size() > kMaxBusinessKeyBytes)
      in.fail_at("business_key", fmt::format("must be 1 to {} bytes", kMaxBusinessKeyBytes));
    c.business_key = *key;
  }
  read_metadata(in, c);
  if (of != QueryOf::kEntries)  // an entry is posted, always
    c.stage =
        choice<Stage>(
            in, "stage",
            {{"posted", Stage::kPosted}, {"reserved", Stage::kReserved}, {"all", Stage::kAll}})
            .value_or(Stage::kPosted);
}

/// Codes of accounts for one page, looked up in one reading.
class Codes {
 public:
  Codes(const Book& book, const QueryPage& page) {
    book.read([&](const State& state, std::uint64_t) {
      for (const QueryHit& hit : page.hits) {
        const Transfer& t = hit.command->effects.transfers.at(hit.leg);
        for (const AccountId id : {t.debit, t.credit})
          if (const Account* account = state.account(id)) codes_[id.value] = account->code;
      }
    });
  }
  std::string_view of(AccountId id) const {
    const auto found = codes_.find(id.value);
    return found == codes_.end() ? std::string_view{} : std::string_view(found->second);
  }

 private:
  std::map<std::uint32_t, std::string> codes_;
};

// What a transfer and an entry say of their command.
void write_command(JsonWriter& out, const StoredCommand& command) {
  const ChangeSet& effects = command.effects;
  out.field("accounting_date", effects.date.iso())
      .field("timestamp", command.timestamp.iso_cn())
      .field("voucher", command.key.hex())
      .field("voucher_no", command.voucher_no)
      .field("code", static_cast<std::int64_t>(effects.code));
  if (effects.effective) out.field("effective_date", effects.effective->iso());
  if (!effects.text) return;
  if (!effects.text->summary.empty()) out.field("summary", effects.text->summary);
  if (!effects.text->business_key.empty()) out.field("business_key", effects.text->business_key);
}
constexpr std::string_view kCommandMembers =
    "accounting_date:date timestamp:date-time voucher:string voucher_no:integer code:integer "
    "effective_date?:date summary?:string business_key?:string";

void write_hit(JsonWriter& out, const Book& book, QueryOf of, const Codes& codes,
               const QueryHit& hit) {
  if (of == QueryOf::kVouchers) return write_voucher(out, book, *hit.command);
  const Transfer& t = hit.command->effects.transfers.at(hit.leg);
  out.begin_object().field("seq", hit.command->seq).field("index", hit.leg);
  if (of == QueryOf::kTransfers) {
    out.field("debit", codes.of(t.debit))
        .field("credit", codes.of(t.credit))
        .field("amount", t.amount)
        .field("kind", name_of_kind(t.kind));
  } else {
    const bool debit = hit.side == Side::kDebit;
    out.field("account", codes.of(debit ? t.debit : t.credit))
        .field("side", name_of(debit ? Side::kDebit : Side::kCredit))
        .field("amount", t.amount)
        .field("balance_after", hit.balance_after)
        .field("counter_account", codes.of(debit ? t.credit : t.debit));
  }
  write_command(out, *hit.command);
  out.end_object();
}

std::string_view name_of(QueryOf of) {
  switch (of) {
    case QueryOf::kVouchers:
      return "vouchers";
    case QueryOf::kTransfers:
      return "transfers";
    case QueryOf::kEntries:
      break;
  }
  return "entries";
}

void answer(const Book& book, Call& call, const suanpan::Query& query, std::uint32_t asked) {
  const auto found = run_query(book, query);
  if (!found) return refuse_call(call, found.error());
  const QueryPage& page = found.value();
  const Codes codes(book, page);
  JsonWriter out;
  out.begin_object().field("as_of_seq", page.as_of_seq);
  if (page.archived_until != 0) out.field("archived_until", page.archived_until);
  out.key(name_of(query.of)).begin_array();
  for (const QueryHit& hit : page.hits) write_hit(out, book, query.of, codes, hit);
  out.end_array().key("next_cursor");
  if (page.next)
    out.string(encode_cursor(asked, *page.next));
  else
    out.null();
  out.end_object();
  call.reply(json_response(200, out.take()));
}

/// Finds the named accounts. Refusals: those of account_of().
Planned<void> find_accounts(const Book& book, const Principal& principal,
                            const NamedAccounts& names, QueryConditions& c) {
  const std::pair<const std::optional<std::string>&, std::optional<AccountId>&> wanted[] = {
      {names.account, c.account}, {names.debit, c.debit}, {names.credit, c.credit}};
  for (const auto& [code, id] : wanted) {
    if (!code) continue;
    TRY(const Account account, account_of(book, principal, *code));
    id = account.id;
  }
  return success();
}

void get(Services& services, QueryOf of, Call call) {
  v1::Query in(call);
  suanpan::Query query;
  query.of = of;
  NamedAccounts names;
  read_conditions(in, of, names, query.conditions);
  query.newest_first =
      choice<bool>(in, "order", {{"oldest", false}, {"newest", true}}).value_or(false);
  query.limit = static_cast<std::size_t>(in.maybe_integer("limit", 1, kMaxPage).value_or(100));
  if (const auto seq = in.maybe_integer("as_of_seq", 1, INT64_MAX))
    query.as_of_seq = static_cast<std::uint64_t>(*seq);
  const std::uint32_t asked = digest_of_query(call);
  query.cursor = read_cursor(in, asked);
  if (const auto& error = in.finish()) return refuse_call(call, *error);
  if (const std::string& name = call.path.at("book"); name != "main")
    return refuse_call(call, fail(Errc::kNotFound, "there is no book \"{}\"", name));
  if (const auto found = find_accounts(services.book, call.principal, names, query.conditions);
      !found)
    return refuse_call(call, found.error());
  if (!call.principal.roles.has_any(kHouse)) query.conditions.caller = call.principal.caller;
  on_worker(services, std::move(call),
            [&book = services.book, query, asked](Call& to) { answer(book, to, query, asked); });
}

}  // namespace

void add_query_routes(Router& router, Services& services) {
  router.describe("Leg", std::string(kLeg));
  router.describe("Voucher", std::string(kVoucher));
  router.describe("FoundTransfer",
                  "seq:integer index:integer debit:string credit:string amount:integer "
                  "kind:=posted|pending|post_pending|void_pending|red " +
                      std::string(kCommandMembers));
  router.describe("FoundEntry",
                  "seq:integer index:integer account:string side:=debit|credit amount:integer "
                  "balance_after:integer counter_account:string " +
                      std::string(kCommandMembers));
  const struct {
    QueryOf of;
    const char *page, *row, *summary;
  } lists[] = {
      {QueryOf::kVouchers, "VoucherPage", "Voucher", "Vouchers that meet all conditions"},
      {QueryOf::kTransfers, "TransferPage", "FoundTransfer", "Transfers that meet all conditions"},
      {QueryOf::kEntries, "EntryPage", "FoundEntry",
       "Entries that meet all conditions, with the balance after each"},
  };
  for (const auto& list : lists) {
    router.describe(list.page, fmt::format("as_of_seq:integer archived_until?:integer {}:[{}] "
                                           "next_cursor:string|null",
                                           name_of(list.of), list.row));
    std::string parameters(kParameters);
    if (list.of != QueryOf::kEntries) parameters += " stage?:=posted|reserved|all";
    router.add(
        {.method = "GET",
         .pattern = fmt::format("/v1/books/{{book}}/{}", name_of(list.of)),
         .allowed = kReaders,
         .summary = list.summary,
         .handle = [&services, of = list.of](Call call) { get(services, of, std::move(call)); },
         .doc = {.answer = list.page, .query = parameters}});
  }
}

}  // namespace suanpan::api::v1
