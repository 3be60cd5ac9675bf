//! Every kind of command and who may send it: one table.

use crate::rejection::Rejection;

/// Who may send a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Permission {
    /// Those who command playback in the room: the host and the co-hosts, or everybody but viewers.
    Playback,
    /// The host and the co-hosts alone, even where others command playback: they choose what is played, and report
    /// its length and its end.
    Media,
    /// The host.
    Host,
    /// The host, the co-hosts and the moderators.
    Moderation,
    /// The host or, while the room has no host, its creator.
    HostOrHostlessCreator,
    /// The server itself.
    System,
}

impl Permission {
    /// The rejection for a participant who lacks the permission.
    pub fn rejection(self) -> Rejection {
        match self {
            Self::Playback | Self::Media => Rejection::NotHost,
            Self::Host | Self::Moderation | Self::HostOrHostlessCreator | Self::System => {
                Rejection::Forbidden
            }
        }
    }
}

/// Declares `CommandKind` from the table's rows.
macro_rules! command_kinds {
    ($($kind:ident $name:literal $permission:ident)*) => {
        /// The kind of a command: the command without its data.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum CommandKind {
            $(
                #[doc = concat!("`", $name, "`: needs [`Permission::", stringify!($permission), "`].")]
                $kind,
            )*
        }

        impl CommandKind {
            /// Every kind, in the order of the table.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$kind),*];

            /// The name in logs and metrics; for what clients send, also on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// Who may send it.
            pub const fn permission(self) -> Permission {
                match self {
                    $(Self::$kind => Permission::$permission,)*
                }
            }
        }
    };
}

command_kinds! {
    // Kind         name               who may send it
    Play            "play"             Playback
    Pause           "pause"            Playback
    Seek            "seek"             Playback
    SetRate         "set_rate"         Playback
    ChangeQuality   "change_quality"   Playback
    ChangeSubtitle  "change_subtitle"  Playback
    ChangeAudio     "change_audio"     Playback
    SetMedia        "set_media"        Media
    Ended           "ended"            Media
    Measured        "measured"         Media
    HostTransfer    "host_transfer"    Host
    SetRole         "set_role"         Host
    ChangeRoom      "change_room"      Host
    Remove          "remove"           Moderation
    Delete          "delete"           HostOrHostlessCreator
    StartReady      "start_ready"      System
    Rebuffer        "rebuffer"         System
    Refreshed       "refreshed"        System
    OriginsRead     "origins_read"     System
    EdgeRead        "edge_read"        System
    Finished        "finished"         System
    Connected       "connected"        System
    HostLost        "host_lost"        System
    Idle            "idle"             System
    Deadline        "deadline"         System
    Rebase          "rebase"           System
}
