// A year's end (年结): income and expense are carried forward (结转损益) to
// this year's profit and on to what is undistributed, as the chart says of each
// subject (core/chart.h, closes_into).
//
//   requested ──begin (another person)──▶ carrying ──finish──▶ closed
//               the year's days close      │    ▲
//                                          └────┘ vouchers of the book itself,
//                                          dated the last day
//   requested ──reject (another person, or who asked)──▶ rejected ──▶ requested anew
//
// The days close first: from then on nothing else moves a balance as of the
// year's end, so what is carried is what was read. A crash leaves the document
// at `carrying`, and whoever goes on reads what is left. The one voucher that
// may be dated into a closed period is this one, of its year, while the
// document carries. What is found wrong in a closed year is corrected in the
// open one, through 以前年度损益调整 where the chart has it: that subject
// closes past this year's profit.
//
// Who drives it: engine/close_year.h.
#pragma once
#include <string>
#include <vector>

#include "ledger/core/view.h"
#include "ledger/core/year_close.h"

namespace suanpan {

struct RequestYearClose {
  ClaimKey key;
  std::int32_t year = 0;
  std::string maker;
};
struct RejectYearClose {
  ClaimKey key;
  std::int32_t year = 0;
  std::string person;
  bool checks = false;  ///< may reject what others asked for; else what he asked for himself
};
struct BeginYearClose {
  ClaimKey key;
  std::int32_t year = 0;
  std::string checker;
};
struct CarryForward {
  ClaimKey key;
  std::int32_t year = 0;
  std::uint32_t version = 0;  ///< of the document, when the balances were read
  std::vector<Leg> legs;      ///< each between an account and where its subject closes into
};
struct FinishYearClose {
  ClaimKey key;
  std::int32_t year = 0;
  std::uint32_t version = 0;
};

/// Shape. Refusals: kIdMissing, kValueInvalid, kTextInvalid, kTextTooLong and
/// those of check_voucher().
Planned<void> check_request_year_close(const RequestYearClose& request);
Planned<void> check_reject_year_close(const RejectYearClose& request);
Planned<void> check_begin_year_close(const BeginYearClose& request);
Planned<void> check_carry_forward(const CarryForward& request);
Planned<void> check_finish_year_close(const FinishYearClose& request);

/// Refusals: kPeriodClosed (a later day is closed), kDateAhead (the year is not
/// over), kYearClosed, kChartFree, kDocumentExists (requested, and not rejected).
Planned<ChangeSet> plan_request_year_close(const View& view, const RequestYearClose& request,
                                           const Moment& moment);
/// Refusals: kDocumentNotFound, kYearClosed, kDocumentStateFinal (it carries, or
/// was rejected), kNotAuthorised.
Planned<ChangeSet> plan_reject_year_close(const View& view, const RejectYearClose& request,
                                          const Moment& moment);
/// Refusals: kPeriodClosed, kSamePerson, kYearClosed, kDocumentNotFound.
Planned<ChangeSet> plan_begin_year_close(const View& view, const BeginYearClose& request,
                                         const Moment& moment);
/// Refusals: those of check_leg(); kCarryTargetInvalid;
/// kDocumentVersionConflict when it is not at that version or not carrying;
/// those of check_limits().
Planned<ChangeSet> plan_carry_forward(const View& view, const CarryForward& request,
                                      const Moment& moment);
/// Refusals: kDocumentVersionConflict.
Planned<ChangeSet> plan_finish_year_close(const View& view, const FinishYearClose& request,
                                          const Moment& moment);

/// The year whose carry-forward must end before the days up to `through` close.
std::optional<std::int32_t> year_being_carried(const View& view, Date through);

Content content_of(const RequestYearClose& request);
Content content_of(const RejectYearClose& request);
Content content_of(const BeginYearClose& request);
Content content_of(const CarryForward& request);
Content content_of(const FinishYearClose& request);

}  // namespace suanpan
