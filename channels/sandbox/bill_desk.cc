#include "channels/sandbox/bill_desk.h"

#include <iconv.h>
#include <zlib.h>

#include <algorithm>

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"

namespace suanpan::sandbox {
namespace {

constexpr std::int64_t kLinkLifeSeconds = 300;
constexpr int kBillDaysKept = 92;

std::string value_of(const BillDesk::Query& query, std::string_view key) {
  for (const auto& [name, value] : query)
    if (name == key) return value;
  return {};
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  // 16 + 15: a gzip wrapper around the largest window.
  CHECK_OR_DIE(deflateInit2(&stream, 6, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY) == Z_OK,
               "zlib cannot start");
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK_OR_DIE(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib did not end");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string gbk(std::string text) {
  const iconv_t converter = iconv_open("GBK//TRANSLIT", "UTF-8");
  CHECK_OR_DIE(converter != reinterpret_cast<iconv_t>(-1), "there is no GBK here");
  std::string out(text.size() * 2, '\0');
  char *from = text.data(), *to = out.data();
  std::size_t left = text.size(), room = out.size();
  const bool done = iconv(converter, &from, &left, &to, &room) != static_cast<std::size_t>(-1);
  iconv_close(converter);
  CHECK_OR_DIE(done, "a bill that GBK cannot hold");
  out.resize(out.size() - room);
  return out;
}

}  // namespace

ApiResult<Date> BillDesk::bill_date(const Query& query, Timestamp now) const {
  const std::string text = value_of(query, "bill_date");
  const auto date = Date::parse(text);
  if (!date || text.size() != 10) return param_error("bill_date must be YYYY-MM-DD");
  const std::string tar = value_of(query, "tar_type");
  if (!tar.empty() && tar != "GZIP") return param_error("tar_type must be GZIP");
  const Date today = now.date_cn();
  if (*date >= today) return param_error("bill_date must lie before today");
  if (date->days < today.days - kBillDaysKept)
    return param_error("bills are kept for three months");
  if (now < Timestamp::of_cn(date->plus_days(1), settings_.ready_hour, 0, 0))
    return ApiError{400, "STATEMENT_CREATING", "the bill is being made"};
  return *date;
}

const BillDesk::Issued& BillDesk::issue(const std::string& mchid, Date date) {
  const auto [at, is_new] = issued_.try_emplace({mchid, date});
  Issued& bill = at->second;
  if (!is_new) return bill;
  constexpr Operation kBill = Operation::kTradeBill;

  bill.rows = std::move(held_over_[{mchid, date}]);
  for (BillRow& row : bill_rows(book_, mchid, date)) {
    if (faults_.take(FaultKind::kBillNextDay, kBill, row.out_trade_no, mchid)) {
      row.at = Timestamp::of_cn(date.plus_days(1), 0, 0, 0);
      held_over_[{mchid, date.plus_days(1)}].push_back(std::move(row));
      continue;
    }
    if (faults_.take(FaultKind::kBillMissingRow, kBill, row.out_trade_no, mchid)) continue;
    if (!row.is_refund) {
      if (auto f = faults_.take(FaultKind::kBillWrongAmount, kBill, row.out_trade_no, mchid))
        row.order_fen = f->amount_fen;
      if (auto f = faults_.take(FaultKind::kBillWrongFee, kBill, row.out_trade_no, mchid))
        row.fee_fen = f->amount_fen;
    }
    bill.rows.push_back(std::move(row));
  }
  const MerchantSettings& merchant = book_.merchants().at(mchid).settings;
  while (auto f = faults_.take_bringing(FaultKind::kBillExtraRow, kBill, mchid)) {
    BillRow row;
    row.at = Timestamp::of_cn(date, 12, 0, 0);
    row.appid = merchant.appids.empty() ? "" : merchant.appids.front();
    row.mchid = mchid;
    row.transaction_id = "4200009999" + date.compact() + random_.digits(10);
    row.out_trade_no = f->number;
    row.openid = "oSandbox" + random_.letters(20);
    row.trade_type = "NATIVE";
    row.bank_type = "OTHERS";
    row.description = "extra";
    row.rate_text = format_major({merchant.fee_rate.nano / 100'000}) + "%";
    row.order_fen = f->amount_fen;
    const auto fee = apply(merchant.fee_rate, f->amount_fen, Rounding::kHalfUp);
    row.fee_fen = fee ? fee.value() : 0;
    bill.rows.push_back(std::move(row));
  }
  const std::string day = date.iso();
  if (auto f = faults_.take(FaultKind::kBillWrongTotals, kBill, day, mchid))
    bill.totals_off_fen = f->amount_fen == 0 ? 1 : f->amount_fen;
  bill.wrong_hash = faults_.take(FaultKind::kBillWrongHash, kBill, day, mchid).has_value();
  bill.truncated = faults_.take(FaultKind::kBillTruncated, kBill, day, mchid).has_value();
  return bill;
}

ApiResult<std::string> BillDesk::offer(const std::string& mchid, std::string text,
                                       const Query& query,
                                       std::pair<Timestamp, bool> now_and_wrong_hash) {
  const auto [now, wrong_hash] = now_and_wrong_hash;
  std::erase_if(tickets_,
                [now = now](const auto& entry) { return entry.second.expires_at <= now; });
  const std::string token = random_.letters(40);
  const std::string hash = hex_lower(sha1(wrong_hash ? text + "?" : text));
  const bool zipped = value_of(query, "tar_type") == "GZIP";
  tickets_[token] = {mchid, zipped ? gzip(text) : std::move(text),
                     now.plus_seconds(kLinkLifeSeconds)};
  JsonWriter json;
  json.begin_object().field("hash_type", "SHA1").field("hash_value", hash);
  json.field("download_url",
             fmt::format("{}/v3/billdownload/file?token={}", settings_.advertised_base, token));
  json.end_object();
  return json.take();
}

ApiResult<std::string> BillDesk::trade_bill(const std::string& mchid, const Query& query,
                                            Timestamp now) {
  TRY(auto date, bill_date(query, now));
  const std::string type_text = value_of(query, "bill_type");
  BillType type = BillType::kAll;
  if (type_text == "SUCCESS")
    type = BillType::kSuccess;
  else if (type_text == "REFUND")
    type = BillType::kRefund;
  else if (!type_text.empty() && type_text != "ALL")
    return param_error("bill_type must be ALL, SUCCESS or REFUND");

  const Issued& bill = issue(mchid, date);
  const bool any = std::any_of(bill.rows.begin(), bill.rows.end(), [&](const BillRow& row) {
    return type == BillType::kAll || row.is_refund == (type == BillType::kRefund);
  });
  if (!any) return ApiError{400, "NO_STATEMENT_EXIST", "there is nothing on that day"};
  const auto take = [&](FaultKind kind) {
    return faults_.take(kind, Operation::kTradeBill, date.iso(), mchid);
  };
  std::vector<BillRow> rows = bill.rows;
  if (const auto f = take(FaultKind::kBillOtherMerchant))
    for (BillRow& row : rows) row.mchid = f->text.empty() ? "1900009999" : f->text;
  if (take(FaultKind::kBillOtherDay))
    for (BillRow& row : rows) row.at = row.at.plus_seconds(-86'400);
  std::string text = trade_bill_text(rows, type, bill.totals_off_fen);
  if (bill.truncated) text.resize(text.size() * 2 / 3);
  if (take(FaultKind::kBillWrongEncoding)) {
    constexpr std::size_t kBomBytes = 3;
    text = gbk(text.substr(kBomBytes));
  }
  return offer(mchid, std::move(text), query, {now, bill.wrong_hash});
}

ApiResult<std::string> BillDesk::fund_flow_bill(const std::string& mchid, const Query& query,
                                                Timestamp now) {
  TRY(auto date, bill_date(query, now));
  const std::string account = value_of(query, "account_type");
  if (!account.empty() && account != "BASIC" && account != "OPERATION" && account != "FEES")
    return param_error("account_type must be BASIC, OPERATION or FEES");
  std::string text;
  if (account.empty() || account == "BASIC")
    text = fund_flow_text(book_.merchants().at(mchid), date);
  if (text.empty()) return ApiError{400, "NO_STATEMENT_EXIST", "there is nothing on that day"};
  return offer(mchid, std::move(text), query, {now, false});
}

ApiResult<HttpResponse> BillDesk::download(const std::string& mchid, const Query& query,
                                           Timestamp now) {
  const auto ticket = tickets_.find(value_of(query, "token"));
  if (ticket == tickets_.end() || ticket->second.expires_at <= now || ticket->second.mchid != mchid)
    return ApiError{404, "RESOURCE_NOT_EXISTS", "the link is not known or has expired"};
  return HttpResponse{200, {{"Content-Type", "application/octet-stream"}}, ticket->second.content};
}

std::vector<Settlement> BillDesk::settle(Date date, SettlementBasis basis, Timestamp now) {
  std::vector<Settlement> out;
  for (const auto& [mchid, merchant] : book_.merchants()) {
    if (merchant.settings.bank_account.empty()) continue;
    if (!settled_.emplace(mchid, date).second) continue;
    const std::int64_t net = basis == SettlementBasis::kBill
                                 ? net_of(issue(mchid, date).rows)
                                 : net_of(bill_rows(book_, mchid, date));
    std::int64_t& carried = carried_fen_[mchid];
    carried += net;
    if (carried <= 0) continue;
    Settlement settlement{mchid, merchant.settings.bank_account,
                          fmt::format("WXS{}{}", mchid, date.compact()), date, carried};
    carried = 0;
    book_.withdraw(mchid, settlement.amount_fen, settlement.number, now);
    out.push_back(std::move(settlement));
  }
  return out;
}

}  // namespace suanpan::sandbox
