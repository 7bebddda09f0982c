#include "api/jeepay/signed_bodies.h"

#include "ledger/base/digest.h"

namespace suanpan::api::jeepay {
namespace {

constexpr std::int64_t kMinute_ms = 60'000;

Id128 digest_of(std::string_view app_id, std::string_view sign) {
  std::string text = fmt::format("jeepay-sign|{}|", app_id);
  for (const char c : sign) text += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return id_of(text);
}

}  // namespace

SignedBodies::Verdict SignedBodies::accept(Endpoint endpoint, std::string_view app_id,
                                           std::string_view sign, Timestamp req_time,
                                           std::int64_t window_ms, Timestamp now) {
  if (endpoint == Endpoint::kPayClose && req_time.ms() < started_.ms()) return Verdict::kTooOld;
  const Id128 digest = digest_of(app_id, sign);
  const std::lock_guard lock(mutex_);
  forget(now);
  // reqTime is part of what is signed, so the same body is always found in the same minute.
  Minute& minute = minutes_[req_time.ms() / kMinute_ms];
  const auto [known, fresh] = minute.endpoints.emplace(digest, endpoint);
  if (!fresh) return known->second == endpoint ? Verdict::kAgain : Verdict::kElsewhere;
  ++size_;
  const Timestamp until{req_time.ns + window_ms * 1'000'000};
  if (minute.until < until) minute.until = until;
  return Verdict::kFresh;
}

void SignedBodies::forget(Timestamp now) {
  while (!minutes_.empty()) {
    const auto oldest = minutes_.begin();
    const bool over = oldest->second.until < now;
    if (!over && size_ < max_kept_) return;
    size_ -= oldest->second.endpoints.size();
    minutes_.erase(oldest);
  }
}

std::size_t SignedBodies::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

}  // namespace suanpan::api::jeepay
