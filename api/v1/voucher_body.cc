#include "api/v1/voucher_body.h"

#include "ledger/base/limits.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan::api::v1 {

AccountRef read_account(Fields& in, std::string_view name) {
  AccountRef ref;
  const auto value = in.maybe_value(name);
  if (!value) {
    in.fail_at(name, "is missing");
  } else if (const auto code = value->as_string()) {
    ref.code = std::string(code.value());
    if (ref.code.empty()) in.fail_at(name, "is empty");
  } else if (const auto id = value->as_int64(); id && id.value() > 0) {
    ref.id = id.value();
  } else {
    in.fail_at(name, "must be an account's code or number");
  }
  return ref;
}

namespace {

std::string words_of(const AccountRef& ref) {
  return ref.code.empty() ? std::to_string(ref.id) : ref.code;
}

/// The account that a call names, if it may. Refusals: kNotAuthorised, `not_found`.
Planned<const Account*> find_account(const Reach& reach, const View& view, const AccountRef& ref,
                                     RefusalCode not_found) {
  const Account* account = nullptr;
  if (!ref.code.empty())
    account = view.account(ref.code);
  else if (ref.id > 0 && ref.id <= std::int64_t{UINT32_MAX})
    account = view.account(AccountId{static_cast<std::uint32_t>(ref.id)});
  // A number without an account has no code: within reach of the whole book alone.
  const bool ours = reach.all_accounts() ||
                    reach.has_account(account ? std::string_view(account->code) : ref.code);
  if (!ours) return refuse(RefusalCode::kNotAuthorised, words_of(ref));
  if (!account) return refuse(not_found, words_of(ref));
  return account;
}

std::optional<std::uint8_t> sweep_named(std::string_view name) {
  for (const std::uint8_t of : {1, 2, 3})
    if (name == name_of_sweep(of)) return of;
  return std::nullopt;
}

std::optional<BalanceOf> balance_named(std::string_view name) {
  if (name == "available") return BalanceOf::kAvailable;
  if (name == "posted") return BalanceOf::kPosted;
  return std::nullopt;
}

Expectation read_expectation(Fields& in) {
  Expectation e;
  const auto version = in.maybe_integer("version");
  if (version && (*version < 1 || *version > UINT32_MAX))
    in.fail_at("version", "must be a version");
  if (version) e.version = static_cast<std::uint32_t>(*version);
  const auto of = in.maybe_choice<BalanceOf>("of", balance_named);
  const auto exactly = in.maybe_integer("balance");
  e.at_least = in.maybe_integer("at_least");
  e.at_most = in.maybe_integer("at_most");
  if (exactly && (e.at_least || e.at_most)) in.fail_at("balance", "excludes bounds");
  if (exactly) e.at_least = e.at_most = exactly;
  if (of && !e.at_least && !e.at_most) in.fail_at("of", "says which balance, and none is expected");
  e.of = of.value_or(BalanceOf::kAvailable);
  if (!e.version && !e.at_least && !e.at_most) in.fail_at("version", "is missing, and any balance");
  return e;
}

VoucherDraft read(Fields& in, bool hold, bool ruled) {
  VoucherDraft draft;
  VoucherRequest& request = draft.request;
  in.each("legs", kMaxVoucherLegs, [&](Fields& leg) {
    AccountRef debit = read_account(leg, "debit");
    AccountRef credit = read_account(leg, "credit");
    draft.accounts.emplace_back(std::move(debit), std::move(credit));
    const auto up_to = ruled ? leg.maybe_choice<std::uint8_t>("up_to", sweep_named) : std::nullopt;
    if (!up_to) {
      request.legs.push_back(Leg{{}, {}, leg.integer("amount")});
      return;
    }
    draft.sweeps.push_back(Sweep{static_cast<std::uint32_t>(request.legs.size()), *up_to,
                                 leg.maybe_integer("amount").value_or(kMaxAmountMinor)});
    request.legs.push_back(Leg{});
  });
  if (ruled) draft.expected = read_expects(in);
  request.code = static_cast<std::uint16_t>(in.integer_in("code", 0, 65535, 0));
  request.type =
      in.maybe_choice<VoucherType>("type", voucher_type_of).value_or(VoucherType::kGeneral);
  request.date = in.maybe_date("date");
  request.effective = in.maybe_date("effective_date");
  request.hold = hold;
  if (hold) request.expires_at = in.maybe_time("expires_at").value_or(Timestamp{});
  VoucherText text;
  text.summary = in.maybe_text("summary").value_or("");
  text.business_key = in.maybe_text("business_key").value_or("");
  text.metadata = in.maybe_object("metadata");
  if (text != VoucherText{}) request.text = std::make_shared<const VoucherText>(std::move(text));
  return draft;
}

}  // namespace

ExpectsDraft read_expects(Fields& in) {
  ExpectsDraft draft;
  in.each("expects", kMaxVoucherLegs, [&](Fields& expectation) {
    draft.accounts.push_back(read_account(expectation, "account"));
    draft.expects.push_back(read_expectation(expectation));
  });
  return draft;
}

VoucherDraft read_voucher(Fields& in, bool hold) { return read(in, hold, false); }
VoucherDraft read_ruled_voucher(Fields& in, bool hold) { return read(in, hold, true); }

std::string_view name_of_sweep(std::uint8_t of) {
  return of == Sweep::kDebit ? "debit" : of == Sweep::kCredit ? "credit" : "both";
}

void describe_rules(Router& router) {
  router.describe("RuledLegRequest",
                  "debit:account credit:account amount?:amount up_to?:=debit|credit|both");
  router.describe("Expectation",
                  "account:account version?:integer of?:=available|posted balance?:integer "
                  "at_least?:integer at_most?:integer");
}

void write_amounts(JsonWriter& out, const Answer& answer) {
  if (!answer.answer.empty()) out.key("amounts").raw(answer.answer);
}

void write_rules(JsonWriter& out, const View& view, const VoucherRules& rules) {
  if (rules.expects.empty()) return;
  out.key("expects").begin_array();
  for (const Expectation& e : rules.expects) {
    const Account* account = view.account(e.account);
    out.begin_object().field("account", account ? std::string_view(account->code) : "");
    if (e.version) out.field("version", *e.version);
    if (e.at_least || e.at_most)
      out.field("of", e.of == BalanceOf::kPosted ? "posted" : "available");
    if (e.at_least) out.field("at_least", *e.at_least);
    if (e.at_most) out.field("at_most", *e.at_most);
    out.end_object();
  }
  out.end_array();
}

Planned<void> resolve(const Reach& reach, const View& view, ExpectsDraft& draft) {
  std::optional<Refusal> missing;
  for (std::size_t i = 0; i < draft.accounts.size(); ++i) {
    const auto account =
        find_account(reach, view, draft.accounts[i], RefusalCode::kExpectedAccountNotFound);
    draft.expects[i].account = account ? account.value()->id : AccountId{~0u};
    if (!account && !missing) missing = account.error();
  }
  if (missing) return *missing;
  return success();
}

std::optional<Refusal> resolve(const Reach& reach, const View& view, VoucherDraft& draft) {
  std::optional<Refusal> missing;
  for (std::size_t i = 0; i < draft.accounts.size(); ++i) {
    const auto& [debit_ref, credit_ref] = draft.accounts[i];
    Leg& leg = draft.request.legs[i];
    const bool same = debit_ref.code == credit_ref.code && debit_ref.id == credit_ref.id;
    const auto put = [&](AccountId& id, const AccountRef& ref, RefusalCode code) {
      const auto account = find_account(reach, view, ref, code);
      // Numbers that no account has, equal where the same is named: only the check of the rest
      // looks at them.
      id = account ? account.value()->id
                   : AccountId{same || code == RefusalCode::kDebitAccountNotFound ? ~0u : ~1u};
      if (!account && !missing) missing = account.error();
    };
    put(leg.debit, debit_ref, RefusalCode::kDebitAccountNotFound);
    put(leg.credit, credit_ref, RefusalCode::kCreditAccountNotFound);
  }
  if (auto resolved = resolve(reach, view, draft.expected); !resolved && !missing)
    missing = std::move(resolved.error());
  VoucherRules rules{std::move(draft.expected.expects), std::move(draft.sweeps)};
  if (rules != VoucherRules{})
    draft.request.rules = std::make_shared<const VoucherRules>(std::move(rules));
  if (!missing) return std::nullopt;
  if (const auto checked = check_voucher(draft.request); !checked) return checked.error();
  return missing;
}

}  // namespace suanpan::api::v1
