import DaybookSchema

/// Whether a user is there. Of who has not written to this user, or has blocked it, nothing is
/// known but offline.
public struct UserPresence: Sendable, Hashable {
  public var user: String
  /// Some device is.
  public var isOnline: Bool
  /// Those that are online.
  public var devices: [String]
  /// When the user was last online, in milliseconds since 1970, if it isn't now and that is known.
  public var lastSeenMilliseconds: UInt64?
}

/// One of this user's devices.
public struct UserDevice: Sendable, Hashable {
  public var id: String
  public var isOnline: Bool
  /// When its last session began or ended, in milliseconds since 1970; nil if it never had one.
  public var lastSeenMilliseconds: UInt64?
  /// How far it has acked the mailbox.
  public var cursor: UInt64
}

/// What has reached one receiver of a message, in milliseconds since 1970; nil for what has not
/// happened. Of a group, only reading is known.
public struct MessageReceipt: Sendable, Hashable {
  public var user: String
  public var deliveredAtMilliseconds: UInt64?
  public var readAtMilliseconds: UInt64?
}

/// A page of receipts of one message.
public struct MessageReceipts: Sendable, Hashable {
  /// By ascending bytes of the user ids.
  public var receipts: [MessageReceipt]
  /// Of all receivers, not of this page's alone.
  public var readCount: UInt64
  public var unreadCount: UInt64
  /// There are further ones: go on after the last.
  public var more: Bool
}

extension UserPresence {
  init(_ presence: Daybook_V1_Presence) {
    user = presence.user
    isOnline = presence.online
    devices = presence.devices
    lastSeenMilliseconds = presence.lastSeenMs == 0 ? nil : presence.lastSeenMs
  }
}

extension UserDevice {
  init(_ device: Daybook_V1_Device) {
    id = device.device
    isOnline = device.online
    lastSeenMilliseconds = device.lastSeenMs == 0 ? nil : device.lastSeenMs
    cursor = device.cursor
  }
}

extension MessageReceipt {
  init(_ receipt: Daybook_V1_Receipt) {
    user = receipt.user
    deliveredAtMilliseconds = receipt.deliveredAtMs == 0 ? nil : receipt.deliveredAtMs
    readAtMilliseconds = receipt.readAtMs == 0 ? nil : receipt.readAtMs
  }
}
