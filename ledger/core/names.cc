// The names of the ledger's own enumerations: they are journalled, exported and on the wire. Those
// of a document's states stand with the document.
#include <array>

#include "ledger/core/account.h"
#include "ledger/core/change_set.h"
#include "ledger/core/refusal.h"
#include "ledger/core/voucher.h"

namespace suanpan {
namespace {

struct RefusalName {
  RefusalCode code;
  std::string_view name;
  std::string_view chinese;
};

constexpr std::array kRefusals{
    RefusalName{RefusalCode::kNone, "none", "成功"},
    RefusalName{RefusalCode::kIdMissing, "id_missing", "缺少幂等编号"},
    RefusalName{RefusalCode::kLegsMissing, "legs_missing", "凭证没有分录"},
    RefusalName{RefusalCode::kLegsTooMany, "legs_too_many", "凭证分录过多"},
    RefusalName{RefusalCode::kAccountMissing, "account_missing", "未指定账户"},
    RefusalName{RefusalCode::kAccountsSame, "accounts_same", "借贷账户相同"},
    RefusalName{RefusalCode::kAmountNotPositive, "amount_not_positive", "金额必须大于零"},
    RefusalName{RefusalCode::kAmountTooLarge, "amount_too_large", "金额超过上限"},
    RefusalName{RefusalCode::kTextTooLong, "text_too_long", "文本过长"},
    RefusalName{RefusalCode::kTextInvalid, "text_invalid", "文本含非法字符"},
    RefusalName{RefusalCode::kCodeInvalid, "code_invalid", "科目或账户编码不合规"},
    RefusalName{RefusalCode::kValueInvalid, "value_invalid", "取值不合规"},
    RefusalName{RefusalCode::kGroupMalformed, "group_malformed", "同组其他条目无法受理，未入账"},
    RefusalName{RefusalCode::kGroupUndecided, "group_undecided",
                "同组条目正在处理，未入账，请重试"},
    RefusalName{RefusalCode::kIdReusedWithOtherContent, "id_reused_with_other_content",
                "同一编号内容不一致"},
    RefusalName{RefusalCode::kNotAuthorised, "not_authorised", "无权操作该对象"},
    RefusalName{RefusalCode::kInternal, "internal", "系统内部错误，未入账"},
    RefusalName{RefusalCode::kPeriodClosed, "period_closed", "会计期间已结账"},
    RefusalName{RefusalCode::kDateAhead, "date_ahead", "日期晚于当前会计日"},
    RefusalName{RefusalCode::kDateBehind, "date_behind", "会计日已日切"},
    RefusalName{RefusalCode::kDayCutNotForward, "day_cut_not_forward", "日切日期必须向前"},
    RefusalName{RefusalCode::kSamePerson, "same_person", "制单与复核须为不同人员"},
    RefusalName{RefusalCode::kYearClosed, "year_closed", "该年度已年结"},
    RefusalName{RefusalCode::kYearClosing, "year_closing", "年度结转尚未完成"},
    RefusalName{RefusalCode::kSecondPersonNeeded, "second_person_needed", "须经第二人复核"},
    RefusalName{RefusalCode::kExpectedAccountNotFound, "expected_account_not_found",
                "前提条件中的账户不存在"},
    RefusalName{RefusalCode::kVersionNotExpected, "version_not_expected", "账户版本与前提条件不符"},
    RefusalName{RefusalCode::kBalanceNotExpected, "balance_not_expected", "账户余额与前提条件不符"},
    RefusalName{RefusalCode::kGroupFailed, "group_failed", "同组其他条目被拒绝"},
    RefusalName{RefusalCode::kDebitAccountNotFound, "debit_account_not_found", "借方账户不存在"},
    RefusalName{RefusalCode::kCreditAccountNotFound, "credit_account_not_found", "贷方账户不存在"},
    RefusalName{RefusalCode::kAccountNotFound, "account_not_found", "账户不存在"},
    RefusalName{RefusalCode::kAccountExists, "account_exists", "账户已存在"},
    RefusalName{RefusalCode::kCurrencyMismatch, "currency_mismatch", "币种不一致"},
    RefusalName{RefusalCode::kVersionConflict, "version_conflict", "版本已变化"},
    RefusalName{RefusalCode::kAccountNotEmpty, "account_not_empty", "账户尚有余额或冻结"},
    RefusalName{RefusalCode::kParentMissing, "parent_missing", "上级科目不存在"},
    RefusalName{RefusalCode::kDebitAccountClosed, "debit_account_closed", "借方账户已销户"},
    RefusalName{RefusalCode::kCreditAccountClosed, "credit_account_closed", "贷方账户已销户"},
    RefusalName{RefusalCode::kDebitAccountFrozen, "debit_account_frozen", "借方账户已冻结"},
    RefusalName{RefusalCode::kCreditAccountFrozen, "credit_account_frozen", "贷方账户已冻结"},
    RefusalName{RefusalCode::kSubjectNotFound, "subject_not_found", "科目不存在"},
    RefusalName{RefusalCode::kSubjectNotLeaf, "subject_not_leaf", "非末级科目，不可开户"},
    RefusalName{RefusalCode::kSubjectIsLeaf, "subject_is_leaf", "末级科目，不可增设下级"},
    RefusalName{RefusalCode::kSubjectMismatch, "subject_mismatch", "类别或余额方向与科目不符"},
    RefusalName{RefusalCode::kDimensionsMissing, "dimensions_missing", "缺少辅助核算项"},
    RefusalName{RefusalCode::kDimensionsExceeded, "dimensions_exceeded", "超出科目的辅助核算项"},
    RefusalName{RefusalCode::kSubjectExists, "subject_exists", "科目已存在"},
    RefusalName{RefusalCode::kChartExists, "chart_exists", "账套已有科目表"},
    RefusalName{RefusalCode::kChartFree, "chart_free", "账套的科目表不设科目"},
    RefusalName{RefusalCode::kCarryTargetInvalid, "carry_target_invalid", "结转科目不合规"},
    RefusalName{RefusalCode::kHoldNotFound, "hold_not_found", "冻结不存在"},
    RefusalName{RefusalCode::kHoldAlreadyPosted, "hold_already_posted", "冻结已全部入账"},
    RefusalName{RefusalCode::kHoldAlreadyVoided, "hold_already_voided", "冻结已解除"},
    RefusalName{RefusalCode::kHoldExpired, "hold_expired", "冻结已到期"},
    RefusalName{RefusalCode::kHoldAmountExceeded, "hold_amount_exceeded", "超过冻结余额"},
    RefusalName{RefusalCode::kVoucherNotFound, "voucher_not_found", "凭证不存在"},
    RefusalName{RefusalCode::kVoucherNotReversible, "voucher_not_reversible", "该凭证不可红冲"},
    RefusalName{RefusalCode::kReversalExceedsOriginal, "reversal_exceeds_original",
                "红冲累计超过原凭证金额"},
    RefusalName{RefusalCode::kMerchantNotFound, "merchant_not_found", "商户不存在"},
    RefusalName{RefusalCode::kMerchantDisabled, "merchant_disabled", "商户已停用"},
    RefusalName{RefusalCode::kOrderNotFound, "order_not_found", "订单不存在"},
    RefusalName{RefusalCode::kOrderExists, "order_exists", "商户订单已存在"},
    RefusalName{RefusalCode::kOrderStateFinal, "order_state_final", "订单已是终态"},
    RefusalName{RefusalCode::kOrderStateWrong, "order_state_wrong", "订单状态不允许该操作"},
    RefusalName{RefusalCode::kAmountMismatch, "amount_mismatch", "金额不符"},
    RefusalName{RefusalCode::kRefundExceedsPaid, "refund_exceeds_paid", "累计退款超过实付金额"},
    RefusalName{RefusalCode::kOrderExpired, "order_expired", "订单已过期"},
    RefusalName{RefusalCode::kWayNotAllowed, "way_not_allowed", "支付方式未开通"},
    RefusalName{RefusalCode::kDocumentNotFound, "document_not_found", "单据不存在"},
    RefusalName{RefusalCode::kDocumentExists, "document_exists", "单据已存在"},
    RefusalName{RefusalCode::kDocumentVersionConflict, "document_version_conflict",
                "单据版本已变化"},
    RefusalName{RefusalCode::kDocumentStateFinal, "document_state_final", "单据已是终态"},
    RefusalName{RefusalCode::kNumbersUsedUp, "numbers_used_up", "该类编号已用尽"},
    RefusalName{RefusalCode::kPersonalDataInUse, "personal_data_in_use", "个人信息仍在使用"},
    RefusalName{RefusalCode::kPersonalDataErased, "personal_data_erased", "个人信息已删除"},
    RefusalName{RefusalCode::kCalendarYearUnknown, "calendar_year_unknown", "该年度工作日历未公布"},
    RefusalName{RefusalCode::kBatchStateWrong, "batch_state_wrong", "批次状态不允许该操作"},
    RefusalName{RefusalCode::kNothingToSettle, "nothing_to_settle", "没有可结算的订单"},
    RefusalName{RefusalCode::kNothingToSweep, "nothing_to_sweep", "没有可归集的余额"},
    RefusalName{RefusalCode::kBelowLimit, "below_limit", "账户可用余额不足"},
    RefusalName{RefusalCode::kOverflow, "overflow", "金额溢出"},
};

template <class Enum, std::size_t N>
std::optional<Enum> by_name(const std::array<std::pair<Enum, std::string_view>, N>& table,
                            std::string_view name) {
  for (const auto& [value, text] : table)
    if (text == name) return value;
  return std::nullopt;
}

template <class Enum, std::size_t N>
std::string_view to_name(const std::array<std::pair<Enum, std::string_view>, N>& table,
                         Enum value) {
  for (const auto& [entry, text] : table)
    if (entry == value) return text;
  return "?";
}

using namespace std::string_view_literals;

constexpr std::array kAccountTypes{
    std::pair{AccountType::kAsset, "asset"sv}, std::pair{AccountType::kLiability, "liability"sv},
    std::pair{AccountType::kEquity, "equity"sv}, std::pair{AccountType::kIncome, "income"sv},
    std::pair{AccountType::kExpense, "expense"sv}};
constexpr std::array kSides{std::pair{Side::kDebit, "debit"sv},
                            std::pair{Side::kCredit, "credit"sv}};
constexpr std::array kLimitKinds{std::pair{LimitKind::kNone, "none"sv},
                                 std::pair{LimitKind::kNotBelowZero, "not_below_zero"sv},
                                 std::pair{LimitKind::kCreditLine, "credit_line"sv}};
constexpr std::array kVoucherTypes{
    std::pair{VoucherType::kGeneral, "general"sv}, std::pair{VoucherType::kReceipt, "receipt"sv},
    std::pair{VoucherType::kPayment, "payment"sv}, std::pair{VoucherType::kTransfer, "transfer"sv}};
constexpr std::array kVoucherTypesChinese{
    std::pair{VoucherType::kGeneral, "记"sv}, std::pair{VoucherType::kReceipt, "收"sv},
    std::pair{VoucherType::kPayment, "付"sv}, std::pair{VoucherType::kTransfer, "转"sv}};
constexpr std::array kCommandKinds{std::pair{CommandKind::kVoucher, "voucher"sv},
                                   std::pair{CommandKind::kPostHold, "post_hold"sv},
                                   std::pair{CommandKind::kVoidHold, "void_hold"sv},
                                   std::pair{CommandKind::kExpireHold, "expire_hold"sv},
                                   std::pair{CommandKind::kReversal, "reversal"sv},
                                   std::pair{CommandKind::kOpenAccount, "open_account"sv},
                                   std::pair{CommandKind::kSetTerms, "set_terms"sv},
                                   std::pair{CommandKind::kDayCut, "day_cut"sv},
                                   std::pair{CommandKind::kPeriodClose, "period_close"sv},
                                   std::pair{CommandKind::kOpenBook, "open_book"sv},
                                   std::pair{CommandKind::kChart, "chart"sv},
                                   std::pair{CommandKind::kYearClose, "year_close"sv},
                                   std::pair{CommandKind::kMerchant, "merchant"sv},
                                   std::pair{CommandKind::kPlaceOrder, "place_order"sv},
                                   std::pair{CommandKind::kOrderEvent, "order_event"sv},
                                   std::pair{CommandKind::kRefund, "refund"sv},
                                   std::pair{CommandKind::kRefundEvent, "refund_event"sv},
                                   std::pair{CommandKind::kPayout, "payout"sv},
                                   std::pair{CommandKind::kPayoutEvent, "payout_event"sv},
                                   std::pair{CommandKind::kNotification, "notification"sv},
                                   std::pair{CommandKind::kDeposit, "deposit"sv},
                                   std::pair{CommandKind::kSettlement, "settlement"sv},
                                   std::pair{CommandKind::kReconcile, "reconcile"sv},
                                   std::pair{CommandKind::kCase, "case"sv},
                                   std::pair{CommandKind::kStatement, "statement"sv},
                                   std::pair{CommandKind::kSetting, "setting"sv},
                                   std::pair{CommandKind::kErasure, "erasure"sv}};

const RefusalName* find(RefusalCode code) {
  for (const RefusalName& entry : kRefusals)
    if (entry.code == code) return &entry;
  return nullptr;
}

}  // namespace

std::string_view name_of(RefusalCode code) {
  const RefusalName* entry = find(code);
  return entry ? entry->name : "?";
}
std::string_view chinese_of(RefusalCode code) {
  const RefusalName* entry = find(code);
  return entry ? entry->chinese : "?";
}
std::optional<RefusalCode> refusal_of(std::uint16_t number) {
  const auto code = static_cast<RefusalCode>(number);
  return find(code) ? std::optional(code) : std::nullopt;
}

std::string_view name_of(AccountType type) { return to_name(kAccountTypes, type); }
std::optional<AccountType> account_type_of(std::string_view name) {
  return by_name(kAccountTypes, name);
}
std::string_view name_of(Side side) { return to_name(kSides, side); }
std::optional<Side> side_of(std::string_view name) { return by_name(kSides, name); }
std::string_view name_of(LimitKind kind) { return to_name(kLimitKinds, kind); }
std::optional<LimitKind> limit_kind_of(std::string_view name) { return by_name(kLimitKinds, name); }
std::string_view name_of(VoucherType type) { return to_name(kVoucherTypes, type); }
std::string_view chinese_of(VoucherType type) { return to_name(kVoucherTypesChinese, type); }
std::optional<VoucherType> voucher_type_of(std::string_view name) {
  return by_name(kVoucherTypes, name);
}
std::string_view name_of(CommandKind kind) { return to_name(kCommandKinds, kind); }

}  // namespace suanpan
