// What changes only by two people (制单, 复核): who may act and for whom (a new key, a merchant and
// where its money is paid to, an app), what a merchant pays (a fee schedule), what an account lets
// happen (its terms), and which subjects there are (the chart). An operator asks, another key with
// the checker's role approves, and only then it is so, in one change set with the approval
// (approval.h).
//
// Secrets. A new key's or app's secret is made of two parts, put one behind the other: who asks is
// shown the first, once, who approves the second, once; the holder gets both (知识分割). Were the
// whole shown to the one who asks, an operator could ask for a checker's key and then approve what
// else it asks; were it shown to the one who approves, a checker would hold a maker's key. A part
// that was lost is not shown again: reject the request, or disable the key, and ask anew.
//
// A payee. What a checker sees of it is masked, so approving takes the account number once more,
// from the merchant's own papers: an operator that asks for another account is found out.
//
// Stale requests. What replaces something names the version that it was asked against: a merchant,
// a schedule or an account that has changed since is refused when approved, so that nobody approves
// what he was not shown, and no request under way undoes what was done in an emergency.
//
// Taking away is the safe direction and needs one person, at once: the disable routes of keys,
// merchants and apps, and the tightening of an account (set_terms.h has the rule).
//
// `suanpan key add` and `suanpan merchant add` stay the bootstrap of a book that no server has
// open: whoever may write its files needs no permission of ours.
#pragma once
#include "api/v1/approval.h"

namespace suanpan::api::v1 {

inline constexpr DocumentKind kAuthority = DocumentKind::kAuthorityRequest;

/// What is asked for, before it is a request.
struct Proposal {
  std::string what;     ///< "key", "merchant", "app", "fees", "terms" or "chart"
  std::string subject;  ///< its id: of fees the merchant, of terms and a chart's subject the code
  /// body: a JSON object with members `what`, `subject` and those of its kind. `what` and `subject`
  /// join the content by themselves.
  Asking asking;
  std::optional<Secret> part;  ///< the first part of a secret, for the answer
};

/// Journals the request and answers 201 with its id.
void ask_authority(Services& services, Call call, Proposal proposal);

/// What an approval makes so, beside the request's own change.
struct Effect {
  /// Adds to the change set of the approval, which is claimed as `by`; run on a planning thread,
  /// pure.
  std::function<Planned<void>(const View&, const Moment&, const ClaimKey& by, ChangeSet&)> plan;
  std::optional<Secret> part;  ///< the second part of a secret
};

/// By `what`; `payee_account`: as the approval gives it, empty if not at all. Refusals:
/// kValueInvalid (the account number is missing, another, or not asked for). Run on a worker.
using MakeEffect = Planned<Effect> (*)(Services&, const JsonValue& body,
                                       const std::string& payee_account);
Planned<Effect> key_effect(Services& services, const JsonValue& body, const std::string&);
Planned<Effect> merchant_effect(Services& services, const JsonValue& body,
                                const std::string& payee_account);
Planned<Effect> app_effect(Services& services, const JsonValue& body, const std::string&);
Planned<Effect> fees_effect(Services& services, const JsonValue& body, const std::string&);
Planned<Effect> terms_effect(Services& services, const JsonValue& body, const std::string&);
Planned<Effect> subject_effect(Services& services, const JsonValue& body, const std::string&);

/// The members of a body that a person may see.
void write_key_proposal(JsonWriter& out, const Vault& vault, const JsonValue& body);
void write_merchant_proposal(JsonWriter& out, const Vault& vault, const JsonValue& body);
void write_app_proposal(JsonWriter& out, const Vault& vault, const JsonValue& body);
void write_fees_proposal(JsonWriter& out, const Vault& vault, const JsonValue& body);
void write_terms_proposal(JsonWriter& out, const Vault& vault, const JsonValue& body);
void write_subject_proposal(JsonWriter& out, const Vault& vault, const JsonValue& body);

/// A first part: its text and its sealed form, which goes into the body as "part_sealed".
struct FirstPart {
  Secret part;
  std::string sealed;
};
FirstPart first_part(const Vault& vault, std::string_view what, std::string_view subject);
/// Both parts, the second new. Errors: those of Vault::unseal.
struct WholeSecret {
  Secret second;
  Secret whole;
};
Result<WholeSecret> complete_secret(const Vault& vault, std::string_view what,
                                    std::string_view subject, std::string_view sealed);

/// Schemas of what is asked for and answered, the same for all kinds.
void describe_authority(Router& router);
void describe_fees(Router& router);     ///< fee_schedules.cc
void describe_terms(Router& router);    ///< set_terms.cc
void describe_subject(Router& router);  ///< chart.cc
/// GET /v1/authority-requests, …/{id}, POST …/{id}/approve, …/{id}/reject.
void add_authority_routes(Router& router, Services& services);

}  // namespace suanpan::api::v1
