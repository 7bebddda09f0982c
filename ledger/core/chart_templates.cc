#include "ledger/core/chart_templates.h"

#include <span>

#include "ledger/base/digest.h"

namespace suanpan {
namespace {

constexpr auto kAsset = AccountType::kAsset;
constexpr auto kLiability = AccountType::kLiability;
constexpr auto kEquity = AccountType::kEquity;
constexpr auto kIncome = AccountType::kIncome;
constexpr auto kExpense = AccountType::kExpense;

struct Row {
  const char* code;
  const char* name;
  AccountType type;
  const char* dimensions = "";  ///< with blanks between; "-": a group
  const char* closes_into = "";
  bool contra = false;  ///< its normal side is not its type's
};

constexpr Row kPlatform[] = {
    {"1001", "库存现金", kAsset},
    {"1002", "银行存款", kAsset, "bank_account"},
    {"1122", "应收渠道款", kAsset, "channel channel_merchant"},
    {"1131", "应收服务费", kAsset, "merchant"},
    {"2101", "待结算商户款", kLiability, "merchant"},
    {"2102", "应付商户款", kLiability, "merchant"},
    {"2103", "付款在途", kLiability},
    {"2104", "退款在途", kLiability},
    {"2201", "受监管资金", kLiability, "-"},
    {"2201/预售资金", "商品房预售资金", kLiability, "project contract"},
    {"2201/存量房", "存量房交易资金", kLiability, "contract"},
    {"2201/维修资金", "住宅专项维修资金", kLiability, "community building household"},
    {"2241", "挂账", kLiability},
    {"4001", "实收资本", kEquity},
    {"4103", "本年利润", kEquity, "", "4104/未分配利润"},
    {"4104", "利润分配", kEquity, "-"},
    {"4104/未分配利润", "未分配利润", kEquity},
    {"6001", "手续费收入", kIncome, "", "4103"},
    {"6051", "其他业务收入", kIncome, "", "4103"},
    {"6401", "渠道手续费成本", kExpense, "", "4103"},
    {"6602", "管理费用", kExpense, "", "4103"},
    {"6603", "财务费用", kExpense, "", "4103"},
    {"6901", "以前年度损益调整", kExpense, "", "4104/未分配利润"},
};

// Money of owned homes and of public homes sold; what it earns is shared out from 3101.
constexpr Row kMaintenance[] = {
    {"1001", "银行存款", kAsset, "bank_account"},
    {"1101", "国债投资", kAsset, "bond"},
    {"1201", "其他应收款", kAsset, "counterparty"},
    {"2001", "其他应付款", kLiability, "counterparty"},
    {"3001", "商品住宅维修资金", kEquity, "community building household"},
    {"3002", "已售公有住房维修资金", kEquity, "community building household"},
    {"3101", "待分配累计收益", kEquity},
    {"4001", "交存收入", kIncome, "-"},
    {"4001/商品住宅", "商品住宅交存收入", kIncome, "community building household", "3001"},
    {"4001/公有住房", "已售公有住房交存收入", kIncome, "community building household", "3002"},
    {"4101", "存款利息收入", kIncome, "", "3101"},
    {"4102", "国债利息收入", kIncome, "", "3101"},
    {"4201", "经营收入", kIncome, "", "3101"},
    {"4301", "共用设施处置收入", kIncome, "", "3101"},
    {"4901", "其他收入", kIncome, "", "3101"},
    {"5001", "维修支出", kExpense, "-"},
    {"5001/商品住宅", "商品住宅维修支出", kExpense, "community building household", "3001"},
    {"5001/公有住房", "已售公有住房维修支出", kExpense, "community building household", "3002"},
    {"5101", "返还支出", kExpense, "-"},
    {"5101/商品住宅", "商品住宅返还支出", kExpense, "community building household", "3001"},
    {"5101/公有住房", "已售公有住房返还支出", kExpense, "community building household", "3002"},
    {"5901", "其他支出", kExpense, "", "3101"},
};

constexpr Row kProvident[] = {
    {"101", "住房公积金存款", kAsset, "bank_account"},
    {"102", "增值收益存款", kAsset, "bank_account"},
    {"111", "应收利息", kAsset, "counterparty"},
    {"119", "其他应收款", kAsset, "counterparty"},
    {"121", "委托贷款", kAsset, "borrower"},
    {"122", "逾期贷款", kAsset, "borrower"},
    {"124", "国家债券", kAsset, "bond"},
    {"201", "住房公积金", kLiability, "unit individual"},
    {"211", "应付利息", kLiability, "unit individual"},
    {"214", "专项应付款", kLiability, "purpose"},
    {"219", "其他应付款", kLiability, "counterparty"},
    {"301", "贷款风险准备", kEquity},
    {"311", "增值收益", kEquity, "", "321"},
    {"321", "增值收益分配", kEquity},
    {"401", "业务收入", kIncome, "kind", "311"},
    {"411", "业务支出", kExpense, "kind", "311"},
};

constexpr Row kProperty[] = {
    {"1001", "库存现金", kAsset},
    {"1002", "银行存款", kAsset, "bank_account"},
    {"1122", "应收账款", kAsset, "community building household"},
    {"1221", "其他应收款", kAsset, "counterparty"},
    {"1601", "固定资产", kAsset, "category"},
    {"1602", "累计折旧", kAsset, "category", "", true},
    {"2202", "应付账款", kLiability, "supplier"},
    {"2203", "预收账款", kLiability, "community building household"},
    {"2211", "应付职工薪酬", kLiability},
    {"2221", "应交税费", kLiability, "tax"},
    {"2241", "其他应付款", kLiability, "-"},
    {"2241/押金", "装修及其他押金", kLiability, "community building household"},
    {"2241/代收", "代收水电费", kLiability, "provider"},
    {"2241/往来", "往来", kLiability, "counterparty"},
    {"4001", "实收资本", kEquity},
    {"4101", "盈余公积", kEquity},
    {"4103", "本年利润", kEquity, "", "4104/未分配利润"},
    {"4104", "利润分配", kEquity, "-"},
    {"4104/未分配利润", "未分配利润", kEquity},
    {"6001", "主营业务收入", kIncome, "-"},
    {"6001/物业费", "物业费收入", kIncome, "community", "4103"},
    {"6001/停车费", "停车费收入", kIncome, "community", "4103"},
    {"6001/电梯费", "电梯费收入", kIncome, "community", "4103"},
    {"6051", "其他业务收入", kIncome, "community", "4103"},
    {"6401", "主营业务成本", kExpense, "community", "4103"},
    {"6403", "税金及附加", kExpense, "", "4103"},
    {"6602", "管理费用", kExpense, "department", "4103"},
    {"6603", "财务费用", kExpense, "", "4103"},
    {"6801", "所得税费用", kExpense, "", "4103"},
    {"6901", "以前年度损益调整", kExpense, "", "4104/未分配利润"},
};

constexpr Row kBank[] = {
    {"1001", "库存现金", kAsset},
    {"1021", "存放同业", kAsset},
    {"2011", "吸收存款", kLiability, "depositor"},
    {"4103", "本年利润", kEquity, "", "4104/未分配利润"},
    {"4104", "利润分配", kEquity, "-"},
    {"4104/未分配利润", "未分配利润", kEquity},
    {"6011", "利息收入", kIncome, "", "4103"},
    {"6411", "利息及手续费支出", kExpense, "", "4103"},
    {"6901", "以前年度损益调整", kExpense, "", "4104/未分配利润"},
};

struct Template {
  std::string_view name;
  std::span<const Row> rows;
};
constexpr Template kTemplates[] = {
    {"platform", kPlatform},   {"maintenance", kMaintenance},
    {"provident", kProvident}, {"property", kProperty},
    {"bank", kBank},           {"free", {}},
};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    found.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

Side opposite(Side side) { return static_cast<Side>(1 - static_cast<std::uint8_t>(side)); }

Subject subject_of(const Row& row) {
  Subject s;
  s.code = row.code;
  s.name = row.name;
  s.type = row.type;
  s.normal = row.contra ? opposite(normal_side(row.type)) : normal_side(row.type);
  s.leaf = std::string_view(row.dimensions) != "-";
  if (s.leaf) s.dimensions = words(row.dimensions);
  s.closes_into = row.closes_into;
  return s;
}

}  // namespace

std::optional<AdoptChartRequest> chart_template(std::string_view name) {
  for (const Template& t : kTemplates) {
    if (t.name != name) continue;
    AdoptChartRequest request;
    request.key = {id_of(fmt::format("chart|{}", name)), kSystemCaller};
    request.chart = Chart{std::string(name), !t.rows.empty()};
    for (const Row& row : t.rows) request.subjects.push_back(subject_of(row));
    return request;
  }
  return std::nullopt;
}

std::vector<std::string_view> chart_template_names() {
  std::vector<std::string_view> names;
  for (const Template& t : kTemplates) names.push_back(t.name);
  return names;
}

}  // namespace suanpan
