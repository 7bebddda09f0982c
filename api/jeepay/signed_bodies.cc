#include "api/jeepay/signed_bodies.h"

#include "ledger/base/digest.h"

namespace suanpan::api::jeepay {
namespace {

constexpr std::int64_t kMinute_ms = 60'000;

Id128 digest_of(const SignedBodies::Signed& body) {
  std::string text = fmt::format("jeepay-sign|{}|", body.app_id);
  for (const char c : body.sign)
    text += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return id_of(text);
}

}  // namespace

SignedBodies::Verdict SignedBodies::accept(Endpoint endpoint, const Signed& body, Timestamp now) {
  const Id128 digest = digest_of(body);
  const std::lock_guard lock(mutex_);
  forget(now);
  App& app = apps_[std::string(body.app_id)];
  // reqTime is part of what is signed, so the same body is always found in the same minute.
  const std::int64_t minute = body.req_time.ms() / kMinute_ms;
  if (const auto at = app.minutes.find(minute); at != app.minutes.end())
    if (const auto known = at->second.endpoints.find(digest); known != at->second.endpoints.end())
      return known->second == endpoint ? Verdict::kAgain : Verdict::kElsewhere;
  if (endpoint == Endpoint::kPayClose &&
      (body.req_time.ms() < started_.ms() || body.req_time.ms() <= body.mark.ms()))
    return Verdict::kTooOld;
  while (app.size >= max_kept_) app.forget_first();
  Minute& kept = app.minutes[minute];
  kept.endpoints.emplace(digest, endpoint);
  ++app.size;
  const Timestamp until{body.req_time.ns + body.window_ms * 1'000'000};
  if (kept.until < until) kept.until = until;
  return Verdict::kFresh;
}

void SignedBodies::App::forget_first() {
  size -= minutes.begin()->second.endpoints.size();
  minutes.erase(minutes.begin());
}

// Once a minute, and all apps: one that calls no more must not keep what it has.
void SignedBodies::forget(Timestamp now) {
  if (now.ms() / kMinute_ms == swept_minute_) return;
  swept_minute_ = now.ms() / kMinute_ms;
  for (auto& [id, app] : apps_)
    while (!app.minutes.empty() && app.minutes.begin()->second.until < now) app.forget_first();
  std::erase_if(apps_, [](const auto& one) { return one.second.size == 0; });
}

std::size_t SignedBodies::size() const {
  const std::lock_guard lock(mutex_);
  std::size_t size = 0;
  for (const auto& [id, app] : apps_) size += app.size;
  return size;
}

}  // namespace suanpan::api::jeepay
