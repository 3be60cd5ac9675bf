//! From the wire to the engine: decodes client frames and checks their fields.

use contracts::{
    COMMAND_ID_MAX, ClientFrame, DRIFT_MS_MAX, ErrorCode, SyncReport, UNCERTAINTY_MS_MAX,
};
use engine::{Entry, HostLoss, PlaybackControl, Rate, Role};
use serde_json::Value;

use super::shape::has_other_shape;
use crate::refusal::Refusal;

/// A valid frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The id that the sender gave it; only `ping` may have none.
    pub id: Option<String>,
    /// A hash of the frame's type and data.
    pub payload_hash: u64,
    /// The frame.
    pub frame: ClientFrame,
}

/// Decodes a text frame. An error comes with the frame's id, if it has a valid one.
pub fn decode(text: &str) -> Result<Decoded, (Option<String>, Refusal)> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        (None, Refusal::new(ErrorCode::InvalidJson, format!("not JSON: {error}")))
    })?;
    let Value::Object(mut object) = value else {
        return Err((None, Refusal::new(ErrorCode::InvalidRequest, "a frame is a JSON object")));
    };
    let kind = object.remove("type");
    let id = object.remove("id");
    let data = object.remove("data").filter(|data| !data.is_null());
    let data = data.unwrap_or_else(|| Value::Object(serde_json::Map::new()));

    let id = match id {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if (1..=COMMAND_ID_MAX).contains(&id.chars().count()) => Some(id),
        Some(_) => {
            let detail = format!("`id` must be text of 1 to {COMMAND_ID_MAX} characters");
            return Err((None, Refusal::new(ErrorCode::InvalidRequest, detail)));
        }
    };
    let Some(Value::String(kind)) = kind else {
        return Err((id, Refusal::new(ErrorCode::InvalidRequest, "`type` must be text")));
    };
    if !ClientFrame::TYPES.contains(&kind.as_str()) {
        let shown: String = kind.chars().take(40).collect();
        return Err((
            id,
            Refusal::new(ErrorCode::UnknownType, format!("there is no command `{shown}`")),
        ));
    }
    if id.is_none() && kind != "ping" {
        return Err((None, Refusal::new(ErrorCode::InvalidRequest, "`id` is missing")));
    }
    if !data.is_object() {
        // serde would accept an array as the fields in order.
        let detail = format!("`{kind}`: `data` must be an object");
        return Err((id, Refusal::new(ErrorCode::InvalidRequest, detail)));
    }
    let payload_hash = crate::id::payload_hash(&kind, &data);
    let shown = kind.clone();
    let given = serde_json::json!({ "type": kind, "data": data });
    // Few frames have an array or an inner object at all.
    let is_nested = text.contains('[') || text.matches('{').count() > 2;
    let compared = is_nested.then(|| given.clone());
    match serde_json::from_value::<ClientFrame>(given) {
        Ok(frame) if compared.is_some_and(|given| has_other_shape(&given, &frame)) => {
            let detail =
                format!("`{shown}`: an array or an object stands where something else belongs");
            Err((id, Refusal::new(ErrorCode::InvalidRequest, detail)))
        }
        Ok(frame) => Ok(Decoded { id, payload_hash, frame }),
        Err(error) => {
            Err((id, Refusal::new(ErrorCode::InvalidRequest, format!("`{shown}`: {error}"))))
        }
    }
}

/// Checks a playback rate and rounds it to a thousandth.
pub fn rate_from_wire(rate: f64) -> Result<Rate, Refusal> {
    let in_range = (0.25..=4.0).contains(&rate);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    let milli = if in_range { (rate * 1000.0).round() as u16 } else { 0 };
    Rate::from_milli(milli).ok_or_else(|| {
        Refusal::new(ErrorCode::InvalidRequest, "`rate` must lie between 0.25 and 4")
    })
}

/// Checks that the fields of a report are within their limits.
pub fn check_sync_report(report: SyncReport) -> Result<SyncReport, Refusal> {
    if !(-DRIFT_MS_MAX..=DRIFT_MS_MAX).contains(&report.drift_ms) {
        let detail = format!("`drift_ms` must lie between -{DRIFT_MS_MAX} and {DRIFT_MS_MAX}");
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    if !(0.0..=UNCERTAINTY_MS_MAX).contains(&report.uncertainty_ms) {
        let detail = format!("`uncertainty_ms` must lie between 0 and {UNCERTAINTY_MS_MAX}");
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    Ok(report)
}

/// Decodes what happens when the host stays away.
pub fn host_loss_from_wire(host_loss: contracts::HostLoss) -> HostLoss {
    match host_loss {
        contracts::HostLoss::Expire => HostLoss::Expire,
        contracts::HostLoss::Promote => HostLoss::Promote,
        contracts::HostLoss::Hold => HostLoss::Hold,
        contracts::HostLoss::Pause => HostLoss::Pause,
    }
}

/// Decodes who commands playback.
pub fn playback_control_from_wire(control: contracts::PlaybackControl) -> PlaybackControl {
    match control {
        contracts::PlaybackControl::Hosts => PlaybackControl::Hosts,
        contracts::PlaybackControl::Everyone => PlaybackControl::Everyone,
    }
}

/// Decodes who may enter.
pub fn entry_from_wire(entry: contracts::Entry) -> Entry {
    match entry {
        contracts::Entry::Open => Entry::Open,
        contracts::Entry::Password => Entry::Password,
        contracts::Entry::Knock => Entry::Knock,
        contracts::Entry::Invite => Entry::Invite,
    }
}

/// Decodes a role.
pub fn role_from_wire(role: contracts::Role) -> Role {
    match role {
        contracts::Role::Host => Role::Host,
        contracts::Role::CoHost => Role::CoHost,
        contracts::Role::Moderator => Role::Moderator,
        contracts::Role::Member => Role::Member,
        contracts::Role::Guest => Role::Guest,
        contracts::Role::Viewer => Role::Viewer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_code_and_keeps_a_valid_id() {
        let deep = format!(r#"{{"type":"play","id":"c","data":{}}}"#, "[".repeat(5000));
        for (text, id, code) in [
            ("{", None, "invalid_json"),
            ("[]", None, "invalid_request"),
            ("null", None, "invalid_request"),
            (r#"{"type":"play"}"#, None, "invalid_request"),
            (r#"{"type":"play","id":7}"#, None, "invalid_request"),
            (r#"{"type":"play","id":""}"#, None, "invalid_request"),
            (r#"{"type":"play","id":null}"#, None, "invalid_request"),
            (r#"{"type":"fly","id":"c"}"#, Some("c"), "unknown_type"),
            (r#"{"type":7,"id":"c"}"#, Some("c"), "invalid_request"),
            (r#"{"type":"seek","id":"c"}"#, Some("c"), "invalid_request"),
            (r#"{"type":"seek","id":"c","data":{"position_ms":NaN}}"#, None, "invalid_json"),
            (
                r#"{"type":"seek","id":"c","data":{"position_ms":"NaN"}}"#,
                Some("c"),
                "invalid_request",
            ),
            (
                r#"{"type":"seek","id":"c","data":{"position_ms":1.5}}"#,
                Some("c"),
                "invalid_request",
            ),
            (r#"{"type":"seek","id":"c","data":{"position_ms":1e999}}"#, None, "invalid_json"),
            (r#"{"type":"seek","id":"c","data":[1]}"#, Some("c"), "invalid_request"),
            (r#"{"type":"play","id":"c","data":[]}"#, Some("c"), "invalid_request"),
            (
                r#"{"type":"hello","id":"c","data":{"client":["web","1"],"capabilities":[]}}"#,
                Some("c"),
                "invalid_request",
            ),
            (r#"{"type":"change_subtitle","id":"c","data":{}}"#, Some("c"), "invalid_request"),
            (&deep, None, "invalid_json"),
        ] {
            let (found_id, refusal) = decode(text).expect_err(text);
            assert_eq!((found_id.as_deref(), refusal.code().name()), (id, code), "{text:.80}");
        }
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_of_zero() {
        for position in ["90000", "90000.0", "9e4"] {
            let text = format!(
                r#"{{"type":"seek","id":"c","data":{{"position_ms":{position},"expected_version":3.0}}}}"#
            );
            let seek = contracts::Seek { position_ms: 90_000, expected_version: Some(3) };
            assert_eq!(decode(&text).expect(position).frame, ClientFrame::Seek(seek));
        }
        for position in ["0.5", "1e19", "9007199254740993.5", "null", "\"1\""] {
            let text = format!(r#"{{"type":"seek","id":"c","data":{{"position_ms":{position}}}}}"#);
            assert!(decode(&text).is_err(), "{position}");
        }
    }

    #[test]
    fn a_command_without_arguments_needs_no_data() {
        let decoded = decode(r#"{"type":"pause","id":"c"}"#).expect("valid");
        assert_eq!(decoded.frame, ClientFrame::Pause(contracts::Expected::default()));
    }
}
