// Charts of accounts to begin with, as data. A book adopts one when it is made and may add subjects
// of its own afterwards.
//
//   platform     payment platform (支付平台): the subjects that the postings of core/plan_order.h
//   and
//                channels/chart.h need, supervised money, profit and loss of the platform itself
//   maintenance  housing maintenance fund (住宅专项维修资金): the subjects of 财会〔2020〕7号, cash
//                basis; a sub-ledger per household, 小区 → 幢 → 户
//   provident    housing provident fund (住房公积金): a sub-ledger per unit and individual
//   property     property company (物业公司): enterprise subjects, receivables per household
//   bank         a bank's own book of its depositors
//   free         no subjects: accounts of any code, type and depth
#pragma once
#include <string_view>
#include <vector>

#include "ledger/core/chart.h"

namespace suanpan {

inline constexpr std::string_view kDefaultChart = "platform";

/// Nothing for a name that is not in the list above. The key is derived from the name, so that
/// adopting it again is a replay.
std::optional<AdoptChartRequest> chart_template(std::string_view name);
std::vector<std::string_view> chart_template_names();

}  // namespace suanpan
