#include "channels/bank/iso_fields.h"

namespace suanpan::channels::bank {
namespace {

/// "Z", "+08:00" or "-05:30".
bool is_zone(std::string_view text) {
  if (text == "Z") return true;
  return text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':' &&
         text.substr(1, 2).find_first_not_of("0123456789") == std::string_view::npos &&
         text.substr(4, 2).find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

Result<Money> read_amount(const XmlElement& amount) {
  TRY(const std::string text, amount.text());
  const std::string code = amount.attribute("Ccy");
  if (code.empty()) return fail(Errc::kMalformed, "<{}> has no currency", amount.name());
  const auto currency = currency_of(code);
  if (!currency || code_of(*currency) != code) {
    const bool shaped = code.size() == 3 &&
                        code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
    return fail(Errc::kUnsupported, "the currency {} is not known here",
                shaped ? std::string_view(code) : "of an amount");
  }
  const auto money = parse_major(text, *currency);
  if (!money)
    return fail(money.error().code, "<{}> is not an amount: {}", amount.name(),
                money.error().message);
  if (money.value().minor < 0 || text.starts_with("-"))
    return fail(Errc::kMalformed, "<{}> is negative; the direction has its own element",
                amount.name());
  return money;
}

Result<bool> read_is_credit(const XmlElement& parent) {
  const auto text = parent.get_text("CdtDbtInd");
  if (!text) return text.error();
  if (text.value() == "CRDT") return true;
  if (text.value() == "DBIT") return false;
  return fail(Errc::kMalformed, "<CdtDbtInd> is neither CRDT nor DBIT");
}

Result<bool> read_boolean(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return fail(Errc::kMalformed, "an indicator is neither true nor false");
}

Result<Timestamp> read_date_time(std::string_view text) {
  std::string zoned(text);
  const bool shaped = text.size() >= 19 && text[10] == 'T';
  if (shaped && text.find_first_of("Z+-", 19) == std::string_view::npos) zoned += "+08:00";
  const auto moment = shaped ? Timestamp::parse(zoned) : std::nullopt;
  if (!moment) return fail(Errc::kMalformed, "a date and time is not of the form of ISO 8601");
  return *moment;
}

Result<std::optional<Date>> find_date(const XmlElement& parent, std::string_view path) {
  TRY(const auto choice, parent.find(path));
  if (!choice) return std::optional<Date>{};
  TRY(const std::string day, choice->find_text("Dt"));
  TRY(const std::string moment, choice->find_text("DtTm"));
  if (day.empty() == moment.empty())
    return fail(Errc::kMalformed, "<{}> must hold either <Dt> or <DtTm>", path);
  if (day.empty()) {
    TRY(const Timestamp at, read_date_time(moment));
    return std::optional(at.date_cn());
  }
  const bool shaped = day.size() == 10 || (day.size() > 10 && is_zone(day.substr(10)));
  const auto date = shaped ? Date::parse(std::string_view(day).substr(0, 10)) : std::nullopt;
  if (!date) return fail(Errc::kMalformed, "<{}> is not a date", path);
  return std::optional(*date);
}

}  // namespace suanpan::channels::bank
