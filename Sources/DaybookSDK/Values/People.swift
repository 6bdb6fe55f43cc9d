import DaybookSchema

/// Whether a user is there. Of who has not written to this user, or has blocked it, nothing is
/// known but offline.
public struct UserPresence: Sendable, Hashable {
  /// Which user.
  public var user: String
  /// Some device is.
  public var isOnline: Bool
  /// Those that are online.
  public var devices: [String]
  /// When the user was last online, if it isn't now and that is known.
  public var lastSeen: Moment?
}

/// One of this user's devices.
public struct UserDevice: Sendable, Hashable {
  /// Its name, as its token states it.
  public var id: String
  /// It has a session.
  public var isOnline: Bool
  /// When its last session began or ended; nil if it never had one.
  public var lastSeen: Moment?
  /// How far it has acked the mailbox.
  public var cursor: UInt64
  /// What kind of device it is, as its last token said; nil where that said nothing.
  public var deviceClass: String?
}

/// What has reached one receiver of a message; nil for what has not happened. Of a group, only
/// reading is known.
public struct MessageReceipt: Sendable, Hashable {
  /// Which user.
  public var user: String
  /// When one of the receiver's devices had it.
  public var deliveredAt: Moment?
  /// When the receiver had read it.
  public var readAt: Moment?
}

/// A page of receipts of one message.
public struct MessageReceipts: Sendable, Hashable {
  /// By ascending bytes of the user ids.
  public var receipts: [MessageReceipt]
  /// Of all receivers, not of this page's alone.
  public var readCount: UInt64
  /// How many have not.
  public var unreadCount: UInt64
  /// There are further ones: go on after the last.
  public var more: Bool
}

extension UserPresence {
  init(_ presence: Daybook_V1_Presence) {
    user = presence.user
    isOnline = presence.online
    devices = presence.devices
    lastSeen = Moment(ifAny: presence.lastSeenMs)
  }
}

extension UserDevice {
  init(_ device: Daybook_V1_Device) {
    id = device.device
    isOnline = device.online
    lastSeen = Moment(ifAny: device.lastSeenMs)
    cursor = device.cursor
    deviceClass = device.deviceClass.isEmpty ? nil : device.deviceClass
  }
}

extension MessageReceipt {
  init(_ receipt: Daybook_V1_Receipt) {
    user = receipt.user
    deliveredAt = Moment(ifAny: receipt.deliveredAtMs)
    readAt = Moment(ifAny: receipt.readAtMs)
  }
}
