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

const Account* find_account(const View& view, const AccountRef& ref) {
  if (!ref.code.empty()) return view.account(ref.code);
  if (ref.id <= 0 || ref.id > std::int64_t{UINT32_MAX}) return nullptr;
  return view.account(AccountId{static_cast<std::uint32_t>(ref.id)});
}

VoucherDraft read_voucher(Fields& in, bool hold) {
  VoucherDraft draft;
  VoucherRequest& request = draft.request;
  in.each("legs", kMaxVoucherLegs, [&](Fields& leg) {
    AccountRef debit = read_account(leg, "debit");
    AccountRef credit = read_account(leg, "credit");
    request.legs.push_back(Leg{{}, {}, leg.integer("amount")});
    draft.accounts.emplace_back(std::move(debit), std::move(credit));
  });
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

std::optional<Refusal> resolve(const View& view, VoucherDraft& draft) {
  std::optional<Refusal> missing;
  for (std::size_t i = 0; i < draft.accounts.size(); ++i) {
    const auto& [debit_ref, credit_ref] = draft.accounts[i];
    Leg& leg = draft.request.legs[i];
    const auto put = [&](AccountId& id, const AccountRef& ref, RefusalCode code) {
      const Account* account = find_account(view, ref);
      // Numbers that no account has, and not equal: only the check of the rest looks at them.
      id =
          account ? account->id : AccountId{code == RefusalCode::kDebitAccountNotFound ? ~0u : ~1u};
      if (!account && !missing)
        missing = refuse(code, ref.code.empty() ? std::to_string(ref.id) : ref.code);
    };
    put(leg.debit, debit_ref, RefusalCode::kDebitAccountNotFound);
    put(leg.credit, credit_ref, RefusalCode::kCreditAccountNotFound);
  }
  if (!missing) return std::nullopt;
  if (const auto checked = check_voucher(draft.request); !checked) return checked.error();
  return missing;
}

}  // namespace suanpan::api::v1
