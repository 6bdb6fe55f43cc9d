import DaybookModel
import DaybookSchema
import Ports
import SwiftProtobuf
import WireProtocol

/// A request for users' presence, while their mailboxes' owners are asked whether it may be told.
struct OnlineCheck: Sendable {
  /// In the order asked.
  let users: [UserID]
  let watch: Bool
  var unanswered = 0
  /// Whom the session didn't watch before.
  var added: Set<UserID> = []
  var allowed: Set<UserID> = []
  /// Of an owner that could not say.
  var failure: DaybookError?

  init(users: [UserID], watch: Bool) {
    self.users = users
    self.watch = watch
  }
}

extension OnlineCheck {
  init(_ request: Daybook_V1_OnlineRequest) throws(DaybookError) {
    guard request.users.count <= Limits.onlineUsersMax else {
      throw DaybookError(.invalidRequest, "at most \(Limits.onlineUsersMax) users in one request")
    }
    var users: [UserID] = []
    for user in request.users { users.append(try UserID(user)) }
    self.init(users: users, watch: request.watch)
  }
}

extension UserPresence {
  var message: Daybook_V1_Presence {
    .with {
      $0.user = user.text
      $0.online = !devices.isEmpty
      $0.devices = devices.map(\.text)
      $0.lastSeenMs = lastSeen.milliseconds
    }
  }
}
