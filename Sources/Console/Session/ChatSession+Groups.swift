import DaybookSDK
import DaybookModel

/// What is done in the open group.
extension ChatSession {
  func follow(_ input: ChatInput.GroupInput) async throws {
    if case .decline(let group) = input { return try await decline(group) }
    let group = try core.openGroup()
    switch input {
    case .info: say(ChatText.group(try await client.group(group), me: me))
    case .members:
      let members = try await client.members(of: group)
      for member in members { core.names.add(user: member.user) }
      say(ChatText.members(members, me: me))
    case .decline: break
    case .invite(let user): try await invite(user, to: group)
    case .remove(let user):
      try await perform(.memberLeft(group: group, user: user, by: me)) {
        try await client.remove(user, from: group)
      }
    case .admit(let user):
      try await perform(.memberJoined(group: group, user: user, by: me)) {
        try await client.admit(user, to: group)
      }
    case .refuse(let user):
      let by = ChatText.isMe(user, me) ? nil : me
      try await perform(.joinRefused(group: group, user: user, by: by)) {
        try await client.refuse(user, in: group)
      }
    case .role(let user, let role):
      try await perform(.roleChanged(group: group, user: user, role: role, by: me)) {
        try await client.setRole(of: user, in: group, to: role)
      }
    case .owner(let user):
      try await perform(.roleChanged(group: group, user: user, role: .owner, by: me)) {
        try await client.transfer(group: group, to: user)
      }
    case .silence(let user?, let isSilenced):
      let event = ClientEvent.memberSilenced(
        group: group, user: user, isSilenced: isSilenced, by: me)
      try await perform(event) {
        isSilenced
          ? try await client.silence(user, in: group)
          : try await client.unsilence(user, in: group)
      }
    case .silence(nil, let isSilenced):
      try await change(group, isSilenced ? "only admins may speak" : "all may speak") {
        try await $0.change(group: group, isSilenced: isSilenced)
      }
    case .title(let title):
      try await change(group, "it is called \"\(Terminal.safe(title))\"") {
        try await $0.change(group: group, title: title)
      }
    case .describe(let text):
      try await change(group, Terminal.safe(text)) {
        try await $0.change(group: group, description: text)
      }
    case .policy(let policy):
      try await change(group, ChatText.words(for: policy)) {
        try await $0.change(group: group, joinPolicy: policy)
      }
    case .historyShown(let isShown):
      try await change(group, ChatText.words(forHistoryShown: isShown)) {
        try await $0.change(group: group, isHistoryShown: isShown)
      }
    case .dissolve: try await dissolve(group)
    }
  }

  private func invite(_ user: String, to group: String) async throws {
    let isStranger = await isStranger(user)
    let isDone = try await perform(.memberInvited(group: group, user: user, by: me)) {
      try await client.invite(user, to: group)
    }
    if isDone, isStranger { say(ChatText.stranger(user)) }
  }

  /// Whether this user has had nothing to do with somebody. More than that, as whether there is
  /// such a user, no device may ask.
  private func isStranger(_ user: String) async -> Bool {
    if ChatText.isMe(user, me) || core.names.has(user: user) { return false }
    // Where that can't be told now, nothing is said.
    guard (try? await overview()) != nil else { return false }
    return !core.names.has(user: user)
  }

  private func dissolve(_ group: String) async throws {
    try await perform(.groupDissolved(group, by: me)) {
      try await client.dissolve(group: group)
      return true
    }
    run(core.mute(.group(group), ChatText.ended(group)))
  }

  private func change(
    _ group: String, _ what: String, _ command: (DaybookClient) async throws -> Bool
  ) async throws {
    let event = ClientEvent.groupChanged(
      group, GroupAttributes(GroupSettings(title: "")), by: me)
    let line = "you changed \(ChatText.name(.group(group))): \(what)"
    try await perform(event, line: line) { try await command(client) }
  }

  private func decline(_ group: String) async throws {
    try await perform(.refused(group: group, by: me)) {
      try await client.refuse(me, in: group)
    }
  }
}
