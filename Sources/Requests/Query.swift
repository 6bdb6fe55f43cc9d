package import DaybookModel
package import NIOCore
package import Ports

/// A question to the read side. What `visible` there is comes from the stream's owner first.
package enum Query: Sendable, Equatable {
  /// `through` at none: up to the head. `visible` at nil: everything.
  case fetch(StreamKey, from: Seq, through: Seq, head: Seq, visible: [SeqInterval]?)
  case history(
    ConversationKey, before: MessageID?, limit: Int, visible: [SeqInterval]?, through: Seq?,
    reader: UserID?)
  case unread(UserID, after: StreamKey?, limit: Int)
  case members(GroupID, after: UserID?, limit: Int)
  case receipts(MessageName, visible: [SeqInterval]?, after: UserID?, limit: Int)
  case devices(UserID)
  case group(GroupID, asker: GroupAsker)
  case conversations(UserID, after: StreamKey?, limit: Int)
  case blocked(UserID, after: UserID?, limit: Int)
  case overview(UserID, after: StreamKey?, limit: Int)
  case user(UserID, after: DeviceID?)
  /// `seesAll`: those who have left too, and when each came and left.
  case membershipsOfGroup(GroupID, after: UserID?, limit: Int, seesAll: Bool)
  case membershipsOfUser(UserID, after: GroupID?, limit: Int)
  case offline(UserID, DeviceID, after: StreamKey?)
  case users(after: UserID?, limit: Int)
  case groups(after: GroupID?, limit: Int)
  case streams(after: StreamKey?, limit: Int)
}

/// What somebody who asks about a group is to it.
package struct GroupAsker: Sendable, Equatable {
  package static let stranger = GroupAsker(isMember: false, role: .member, seesInside: false)

  package var isMember: Bool
  package var role: Role
  /// A member, or a service.
  package var seesInside: Bool
  /// A moderator, or a service.
  package var seesWaiting: Bool { seesInside && (!isMember || role.isModerator) }

  package init(isMember: Bool, role: Role, seesInside: Bool) {
    self.isMember = isMember
    self.role = role
    self.seesInside = seesInside
  }
}

/// A query's reply, and the highest message id in it.
package struct QueryAnswer: Sendable {
  package var body: ByteBuffer
  package var observed: MessageID

  package init(body: ByteBuffer, observed: MessageID) {
    self.body = body
    self.observed = observed
  }
}
