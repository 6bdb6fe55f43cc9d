import DaybookModel
import DaybookSchema
import NIOCore

/// What of an event changes who follows what.
enum FollowedEvent {
  /// What ends the stream for this user, by its kind first: few events do.
  static func ending(
    _ slot: EventSlot, _ bytes: ByteBuffer, for user: UserID?
  ) -> StreamFollowing.Ending? {
    switch slot.kind {
    case .groupDissolved: .dissolved
    case .memberLeft: user != nil && memberLeft(bytes) == user ? .left : nil
    default: nil
    }
  }

  static func groupJoined(_ bytes: ByteBuffer) -> GroupID? {
    guard case .groupJoined(let group, _)? = try? EventDecoding.decode(bytes).body else {
      return nil
    }
    return group
  }

  private static func memberLeft(_ bytes: ByteBuffer) -> UserID? {
    guard case .memberLeft(let member, _, _)? = try? EventDecoding.decode(bytes).body else {
      return nil
    }
    return member
  }
}
