//! The laws of a `MemberStore`.

use engine::{ParticipantId, Timestamp};

use super::{LATE, Laws, add, find, member};
use crate::store::{Member, Ticket};

impl Laws<'_> {
    /// `add_member`, `find_member`.
    pub async fn members_are_kept_up_to_a_limit(&self) {
        let store = self.store;
        let room = self.create("members").await;
        let room_id = &room.room_id;
        for id in ["p_1", "p_2", "p_3"] {
            assert!(add(store, room_id, id, 3, &[]).await);
            assert_eq!(find(store, room_id, id).await, Some(member(id)));
        }
        let renamed = Member { display_name: "Renamed".to_owned(), ..member("p_1") };
        let added = store.add_member(room_id, renamed.clone(), 3, &|_| true).await;
        assert!(added.expect("answered"), "the same participant takes no further place");
        assert_eq!(find(store, room_id, "p_1").await, Some(renamed));
        for id in ["p_2", "p_3"] {
            assert!(find(store, room_id, id).await.is_some(), "nobody had to make way");
        }

        self.is_present(room_id, "p_2").await;
        assert!(add(store, room_id, "p_4", 3, &["p_2"]).await);
        assert!(find(store, room_id, "p_3").await.is_none(), "the oldest absent member made way");
        for id in ["p_1", "p_2", "p_4"] {
            assert!(find(store, room_id, id).await.is_some());
        }
        let all = ["p_1", "p_2", "p_4"];
        for id in all {
            self.is_present(room_id, id).await;
        }
        assert!(!add(store, room_id, "p_5", 3, &all).await, "nobody can make way");
        assert!(find(store, room_id, "p_5").await.is_none());
        let unknown = self.room("unknown").room_id;
        assert!(!add(store, &unknown, "p_1", 3, &[]).await);
        assert!(find(store, &unknown, "p_1").await.is_none());
    }

    /// `remove_member`.
    pub async fn a_member_who_is_removed_is_none_and_makes_room_for_another(&self) {
        let store = self.store;
        let room = self.create("removed").await;
        let room_id = &room.room_id;
        for id in ["p_1", "p_2"] {
            assert!(add(store, room_id, id, 2, &[]).await);
        }
        let nobody = ParticipantId::new("p_9");
        for id in [&ParticipantId::new("p_1"), &nobody] {
            store.remove_member(room_id, id).await.expect("answered");
        }
        assert!(find(store, room_id, "p_1").await.is_none());
        assert!(add(store, room_id, "p_3", 2, &["p_2"]).await);
        assert!(find(store, room_id, "p_2").await.is_some(), "nobody had to make way");
        store.remove_member(room_id, &ParticipantId::new("p_2")).await.expect("answered");
        assert!(add(store, room_id, "p_2", 2, &[]).await, "those who left may join again");
        assert_eq!(find(store, room_id, "p_2").await, Some(member("p_2")));
        let unknown = self.room("unknown_removed").room_id;
        store.remove_member(&unknown, &nobody).await.expect("answered");
    }

    /// `keep_ticket`, `redeem_ticket`.
    pub async fn a_ticket_is_valid_once_until_it_expires(&self) {
        let store = self.store;
        let room_id = self.room("ticket").room_id;
        let ticket = |expires_at| Ticket {
            room_id: room_id.clone(),
            user_id: "u_ticket".to_owned(),
            display_name: "Tilda".to_owned(),
            named_at_ms: 7,
            guest: true,
            family_id: Some("f_ticket".to_owned()),
            token_issued_at_ms: 7,
            token_expires_at_ms: LATE.as_millis(),
            grant_number: 3,
            expires_at,
        };
        let secret = |name: &str| format!("{}{name}", self.run);
        store.keep_ticket(&secret("good"), ticket(LATE)).await.expect("kept");
        store.keep_ticket(&secret("old"), ticket(Timestamp::from_millis(1))).await.expect("kept");
        let redeem = async |name: &str| {
            store.redeem_ticket(&room_id, &secret(name)).await.expect("answered")
        };
        let elsewhere = self.room("elsewhere").room_id;
        let other = store.redeem_ticket(&elsewhere, &secret("good")).await.expect("answered");
        assert_eq!(other, None, "it is another room's");
        assert_eq!(redeem("good").await, Some(ticket(LATE)));
        assert_eq!(redeem("good").await, None, "it was used");
        assert_eq!(redeem("old").await, None, "it has expired");
        assert_eq!(redeem("unknown").await, None);
    }
}
