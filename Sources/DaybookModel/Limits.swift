/// Everything has a limit with a name; reaching it is a typed error.
package enum Limits {
  package static let idBytesMax = 64
  package static let contentBytesMax = 65_536
  package static let contentTypeBytesMax = 255
  /// Of sealed content: what names its key, and what goes with the cipher.
  package static let keyIDBytesMax = 255
  package static let nonceBytesMax = 255
  package static let senderNameBytesMax = 128
  /// 9999-12-31T23:59:59.999Z: RFC 3339 has no later time, and everybody prints one.
  package static let clientTimeMillisecondsMax: UInt64 = 253_402_300_799_999
  package static let titleBytesMax = 512
  package static let originBytesMax = 32
  /// A trace-id of W3C Trace Context.
  package static let traceIDBytes = 16
  /// Numbers of an origin whose results a partition has in memory. The log has all of them.
  package static let originWindow = 1024
  /// Origins of a user, and a partition, whose windows are in memory. What they do not know is looked
  /// for in the log.
  package static let originWindowsMax = 64
  /// What windows of origins take in memory, of one partition.
  package static let originWindowsBytesMax = 64 << 20
  /// Commands that a stream's owner holds because a number before theirs, of the same origin in the same
  /// stream, is missing: of one origin in one stream, of a partition, their bytes, and for how long.
  package static let heldNumbersPerOriginMax = 64
  package static let heldNumbersMax = 8_192
  package static let heldNumbersBytesMax = 8 << 20
  package static let heldNumbersMilliseconds: UInt64 = 5_000
  /// Commands of a partition that wait until the log was asked whether they were accepted before.
  package static let waitingCommandsMax = 16_384
  /// An event in the log, everything included.
  package static let eventBytesMax = 131_072
  /// Senders whom one ack tells of a delivery; the rest are told by the next.
  package static let ackSendersMax = 1_000
  /// The body of a batch. A larger length in a file is a fault, not a reason to take memory.
  package static let batchBytesMax = 16 << 20
  /// Room of a file of the journal, once load has made it grow, but for a record that is larger.
  package static let journalFileBytesMax = 32 << 20
  /// A file of the journal that is larger was made by nobody, and is a fault.
  package static let journalReadBytesMax = 64 << 20
  /// Full files of the journal that wait until the segments are synced.
  package static let journalFullFilesMax = 16
  /// Memory of the last committed batches, of all partitions.
  package static let recentBatchesBytesMax = 16 << 20
  package static let frameBytesMax = 1 << 20
  /// A frame, header included, of a connection whose Connect was not accepted yet: some ten times
  /// what a token takes.
  package static let strangerFrameBytesMax = 8_192
  /// Bodies of frames that are together smaller are not compressed; nor are frames that are together
  /// larger than so much in one compressed.
  package static let compressedBodyBytesMin = 1_024
  package static let compressedFramesBytesMax = 262_144
  /// What is said of an error on the wire.
  package static let errorMessageBytesMax = 512
  package static let partitionsMax = 1024
  /// How far ahead of the wall clock an id that no partition gave may push a partition's clock; and
  /// from where on the operator is told that the log is ahead of the clock.
  package static let clockAheadMillisecondsMax: UInt64 = 5_000
  /// How far back in a stream a user's device begins at most.
  package static let syncBackMax: UInt64 = 1_000
  /// Events in one page of a sync or a fetch.
  package static let pageEventsMax = 256
  /// Conversations in one page of the unread ones, or of those marked. A name has 70 bytes at most, so
  /// that a page keeps well below `frameBytesMax`.
  package static let unreadPageMax = 5_000
  /// Conversations in one page of all that a user has. Each has some 150 bytes at most.
  package static let overviewPageMax = 1_000
  package static let pageBytesMax = 524_288
  /// Ranges of a page's seqs that are not shown.
  package static let pageRangesMax = 1_000
  /// Of one stream, what a session is pushed without having acked it.
  package static let windowEvents = 1_024
  package static let windowBytes = 1 << 20
  /// What one session has in memory of what it is sent and sends.
  package static let sessionBytesMax = 65_536
  package static let historyPageMax = 500
  package static let membersPageMax = 5_000
  /// Memberships in one page, which ends before that at `pageBytesMax`: each has its stays.
  package static let membershipsPageMax = 1_000
  /// Users, groups or streams in one page of all there are. A group's title is what is longest there.
  package static let listPageMax = 1_000
  package static let onlineUsersMax = 1_000
  package static let descriptionBytesMax = 4_096
  package static let reactionBytesMax = 64
  /// Reactions to one message, and edits of one: what a partition's owner keeps of them, and what
  /// finding the last edit has to look through.
  package static let reactionsPerMessageMax = 10_000
  package static let editsPerMessageMax = 1_000
  /// Whatever is done to one message: what has to be read to know what became of it.
  package static let amendmentsPerMessageMax = 20_000
  /// A stream's amended messages that are in memory, and reactions to them.
  package static let amendedMessagesMax = 1_024
  package static let amendedReactionsMax = 16_384
  package static let mentionsMax = 100
  /// Days for which a message may be kept that is not kept for good.
  package static let keepDaysMax: UInt32 = 3_650
  package static let groupMembersMax = 1_000_000
  /// Members up to which a group's joins and leaves are told to all of them; and below how many they
  /// are again.
  package static let groupAnnouncedMembersMax = 1_000
  package static let groupAnnouncedAgainBelow = 900
  /// Moderators of a group who are told of invitations, requests and refusals: its owner, then those
  /// who were made admins first.
  package static let moderatorsToldMax = 100
  /// Groups whose cursors are in one event; the rest are in the next.
  package static let groupCursorsMax = 1_000
  /// How often one user may join one group: what was seen of it is kept of each stay.
  package static let staysMax = 1_000
  /// Users whom an owner keeps as invited, or as asking to be let in.
  package static let invitedMax = 100_000
  package static let receiptsPageMax = 1_000
  package static let requestsShownMax = 1_000
  package static let blockedMax = 10_000
  /// Positions of feeds that a server keeps under names.
  package static let feedPositionsMax = 1_000
  /// Of events in a message of a feed; one that is larger comes alone.
  package static let feedBatchBytesMax = 262_144
  /// How often a feed says how far the log goes, whatever is asked for.
  package static let feedHeadsMillisecondsMin = 200
  package static let feedHeadsMillisecondsMax = 60_000
  package static let devicesPerUserMax = 100
  /// Tokens that are void by their ids, and devices of which all are, of one user or of one service.
  package static let revocationsMax = 1_000
  /// A token's id, its claim `jti`.
  package static let tokenIDBytesMax = 256
  /// For how long a device may be silent before it is forgotten: 90 days, of which steps of more than
  /// an hour without any event in its partition count as an hour.
  package static let deviceSilenceMilliseconds: UInt64 = 90 * 86_400_000
  package static let elapsedStepMilliseconds: UInt64 = 3_600_000
  package static let marksMax = 10_000
  /// Streams, and as many actors, that who decodes many events has at hand.
  package static let namesCachedMax = 32_768
  /// Rows of a read model's table in memory; until the next commit, what a chunk of the log concerns
  /// more.
  package static let projectedRowsMax = 100_000
  /// The same of rows that have a group's last messages beside them.
  package static let projectedGroupsMax = 10_000
  /// Bytes of committed batches that wait to be folded: what finds no room is read from the log.
  package static let projectionFeedBytesMax = 16 << 20
}
