import DaybookModel

/// The codes of `schemas/errors.yaml`, which says more of each; a test holds them equal.
extension ClientError.Code {
  // 1xx: the connection and its frames.
  /// 100, final: The bytes of a frame's header are not what schemas/wire-protocol.md says. The
  /// server closes the connection after this.
  public static let malformedFrame = ClientError.Code(ErrorCode.malformedFrame)
  /// 101, final: A frame's body is longer than the limit that the connect reply stated as
  /// frame_bytes_max. The server closes the connection after this.
  public static let frameTooLarge = ClientError.Code(ErrorCode.frameTooLarge)
  /// 102, final: This server does not know the request type. The connection goes on.
  public static let unknownRequestType = ClientError.Code(ErrorCode.unknownRequestType)
  /// 103, final: A frame came where the session does not allow it, such as a request before
  /// connect, a second connect, or a sequence that does not rise. The server closes the connection
  /// after this.
  public static let outOfOrderFrame = ClientError.Code(ErrorCode.outOfOrderFrame)
  /// 104, temporary: The connection was opened, but no connect request came in time.
  public static let connectDeadline = ClientError.Code(ErrorCode.connectDeadline)
  /// 105, temporary: For twice the heartbeat interval nothing came from the client, nor did it take
  /// any of what was on its way to it.
  public static let heartbeatMissed = ClientError.Code(ErrorCode.heartbeatMissed)
  /// 106, temporary: 32 queries of this session are unanswered, or online queries for 10,000 users.
  /// Commands never get this; past in_flight_max of them the server reads no further until some are
  /// answered.
  public static let tooManyInFlight = ClientError.Code(ErrorCode.tooManyInFlight)
  /// 107, temporary: The client did not read the replies to its queries, and others waited for the
  /// memory of these. Who is slow to read what is pushed, or to ack it, is waited for.
  public static let slowConsumer = ClientError.Code(ErrorCode.slowConsumer)
  /// 108, temporary: The server is shutting down.
  public static let serverStopping = ClientError.Code(ErrorCode.serverStopping)
  /// 109, final: The same user and device connected again, and the newer connection took over.
  public static let sessionReplaced = ClientError.Code(ErrorCode.sessionReplaced)
  /// 110, final: Another of the user's devices has connected, and the server lets only one of
  /// them be there at a time, or one of each class.
  public static let deviceDisplaced = ClientError.Code(ErrorCode.deviceDisplaced)

  // 2xx: who is asking.
  /// 200, final: The token is no token, its signature is wrong, or it lacks what a token must
  /// state.
  public static let invalidToken = ClientError.Code(ErrorCode.invalidToken)
  /// 201, final: The token's time is over; with it ends a session that it began.
  public static let expiredToken = ClientError.Code(ErrorCode.expiredToken)
  /// 202, final: The token is well made, but for another Daybook than this one.
  public static let foreignToken = ClientError.Code(ErrorCode.foreignToken)
  /// 203, final: The holder of this token may not do that, such as a user acting for somebody else.
  public static let notPermitted = ClientError.Code(ErrorCode.notPermitted)
  /// 204, temporary: The token states with nbf that it counts only from some later time on.
  public static let earlyToken = ClientError.Code(ErrorCode.earlyToken)
  /// 205, final: The operator has made the token void; with it ends a session that it began.
  public static let tokenRevoked = ClientError.Code(ErrorCode.tokenRevoked)

  // 3xx: the request itself.
  /// 300, final: An id of a user, group, device or stream is outside the grammar of ids.
  public static let invalidID = ClientError.Code(ErrorCode.invalidID)
  /// 301, final: The content is neither plain nor sealed, or says that it is text and is not UTF-8.
  public static let invalidContent = ClientError.Code(ErrorCode.invalidContent)
  /// 302, final: A part of the content is over its limit, which the message names; body and
  /// ciphertext have at most content_bytes_max.
  public static let contentTooLarge = ClientError.Code(ErrorCode.contentTooLarge)
  /// 303, final: The request lacks a field, or a field has a value that makes no sense.
  public static let invalidRequest = ClientError.Code(ErrorCode.invalidRequest)
  /// 304, temporary: The request refers to a message id that no partition has given, and that lies
  /// further ahead of the server's clock than 5 seconds; or that clock is past September 2089,
  /// where message ids end.
  public static let clockAhead = ClientError.Code(ErrorCode.clockAhead)

  // 4xx: what the state of users, groups and origins forbids.
  /// 400, final: The origin has used this number before, for another command whose stream lies in
  /// the same partition. In another partition the number is new, and the command was done.
  public static let numberConflict = ClientError.Code(ErrorCode.numberConflict)
  /// 401, final: Of servers of earlier versions. The number lies further behind the origin's
  /// highest than results were kept, so nobody can say any more whether the command was done. It
  /// was not done now.
  public static let duplicateExpired = ClientError.Code(ErrorCode.duplicateExpired)
  /// 402, final: There is no group of this id.
  public static let groupNotFound = ClientError.Code(ErrorCode.groupNotFound)
  /// 403, final: There is a group of this id already.
  public static let groupExists = ClientError.Code(ErrorCode.groupExists)
  /// 404, final: Only members of the group may do that.
  public static let notAMember = ClientError.Code(ErrorCode.notAMember)
  /// 405, final: An ack, a read or a clear names a position that the stream has not reached.
  public static let seqPastHead = ClientError.Code(ErrorCode.seqPastHead)
  /// 406, final: The user has never connected with this device.
  public static let unknownDevice = ClientError.Code(ErrorCode.unknownDevice)
  /// 407, final: Nothing is known of this user.
  public static let unknownUser = ClientError.Code(ErrorCode.unknownUser)
  /// 408, final: There is no message of this id in the conversation, or the user may not see it.
  public static let messageNotFound = ClientError.Code(ErrorCode.messageNotFound)
  /// 409, final: The message was recalled, so it can't be edited, reacted to or forwarded. What has
  /// expired can't be forwarded either.
  public static let messageWasRecalled = ClientError.Code(ErrorCode.messageWasRecalled)
  /// 410, final: The message was sent longer ago than this server lets authors recall what they
  /// sent.
  public static let recallExpired = ClientError.Code(ErrorCode.recallExpired)
  /// 411, final: The receiver has blocked the sender and takes nothing from it.
  public static let blocked = ClientError.Code(ErrorCode.blocked)
  /// 412, final: The member, or everyone but the moderators, may not speak in this group at
  /// present.
  public static let silenced = ClientError.Code(ErrorCode.silenced)
  /// 413, final: The group was dissolved. What its last members saw of it can still be fetched by
  /// them; nothing can be done in it.
  public static let groupDissolved = ClientError.Code(ErrorCode.groupDissolved)
  /// 414, final: This group is joined by invitation only, and the user has none.
  public static let notInvited = ClientError.Code(ErrorCode.notInvited)
  /// 415, final: The message has as many edits, or as many reactions, as a message can have.
  public static let tooManyAmendments = ClientError.Code(ErrorCode.tooManyAmendments)
  /// 416, final: The group has more members than this server tells receipts for.
  public static let receiptsOff = ClientError.Code(ErrorCode.receiptsOff)
  /// 417, final: The user has removed this device from the list of devices. The server closes the
  /// connection after this.
  public static let deviceForgotten = ClientError.Code(ErrorCode.deviceForgotten)
  /// 418, final: The group has as many members as a group can have, or as many invitations and
  /// requests are waiting.
  public static let groupFull = ClientError.Code(ErrorCode.groupFull)
  /// 419, final: The user has as many devices as a user can have; those that there are go on.
  public static let tooManyDevices = ClientError.Code(ErrorCode.tooManyDevices)
  /// 420, final: The user has joined the group as often as anybody may, and left it each time.
  public static let tooManyStays = ClientError.Code(ErrorCode.tooManyStays)
  /// 421, temporary: The command is gapless, and a number before its own is missing in the stream; the
  /// reply names that in next_number. Nothing of the command was done.
  public static let numberGap = ClientError.Code(ErrorCode.numberGap)
  /// 422, final: As many tokens and devices of the user, or of the service, are void by name
  /// as can be.
  public static let tooManyRevocations = ClientError.Code(ErrorCode.tooManyRevocations)

  // 5xx: the log and what is built from it.
  /// 500, temporary: There is no room left where the log is. Nothing was appended; reading goes on.
  public static let storageFull = ClientError.Code(ErrorCode.storageFull)
  /// 501, temporary: Writing to the log failed, and the partition stopped, to start again from what
  /// is durable; or the projection that would answer can't be read or made.
  public static let storageFailed = ClientError.Code(ErrorCode.storageFailed)
  /// 502, final: Part of this partition's log is damaged; what lies before the damage is served,
  /// and nothing is added.
  public static let partitionReadOnly = ClientError.Code(ErrorCode.partitionReadOnly)
  /// 503, final: Stored bytes are not what was written.
  public static let logCorrupt = ClientError.Code(ErrorCode.logCorrupt)
  /// 504, final: Somebody knows a position past the log's end, so this log is older than it was; or
  /// one of its partitions is, and the others know.
  public static let logRolledBack = ClientError.Code(ErrorCode.logRolledBack)
  /// 505, temporary: The projection that would answer has not caught up with the log in time.
  public static let projectionBehind = ClientError.Code(ErrorCode.projectionBehind)
  /// 506, final: There is no such offset in this partition, or not any more.
  public static let offsetOutOfRange = ClientError.Code(ErrorCode.offsetOutOfRange)
  /// 507, temporary: More is waiting, connected or open than the server can hold at once.
  public static let overloaded = ClientError.Code(ErrorCode.overloaded)
  /// 508, final: A projection's file is damaged or missing, or its rows do not have the state hash
  /// that its checkpoint states.
  public static let projectionDiffers = ClientError.Code(ErrorCode.projectionDiffers)
  /// 509, final: The partition has given the last of the message ids that 63 bits hold.
  public static let idsExhausted = ClientError.Code(ErrorCode.idsExhausted)
  /// 510, final: The log is kept from a later offset on than was asked for.
  public static let truncated = ClientError.Code(ErrorCode.truncated)
  /// 511, final: The position in a feed is of another log, or of another copy of this one, which was restored since.
  public static let positionOfAnother = ClientError.Code(ErrorCode.positionOfAnother)
  /// 512, final: The server keeps no position under this name.
  public static let positionNotFound = ClientError.Code(ErrorCode.positionNotFound)
  /// 513, final: The server keeps as many positions as it may.
  public static let tooManyPositions = ClientError.Code(ErrorCode.tooManyPositions)

  // 6xx: the data folder, the command line, and the client library.
  /// 600, final: There is no data folder at this path.
  public static let dataFolderMissing = ClientError.Code(ErrorCode.dataFolderMissing)
  /// 601, final: There is something at the path where a data folder was to be made.
  public static let dataFolderExists = ClientError.Code(ErrorCode.dataFolderExists)
  /// 602, temporary: Another process has the data folder open.
  public static let dataFolderInUse = ClientError.Code(ErrorCode.dataFolderInUse)
  /// 603, final: The data folder's format is of another version than this program reads.
  public static let formatVersion = ClientError.Code(ErrorCode.formatVersion)
  /// 604, final: The operating system does not let this process read or write a file.
  public static let permissionDenied = ClientError.Code(ErrorCode.permissionDenied)
  /// 605, final: Another process has opened the log since; this one must not write any more.
  public static let epochFenced = ClientError.Code(ErrorCode.epochFenced)
  /// 606, final: A command was given an argument that makes no sense.
  public static let invalidArgument = ClientError.Code(ErrorCode.invalidArgument)
  /// 607, temporary: The server could not be reached, or the connection broke.
  public static let unreachable = ClientError.Code(ErrorCode.unreachable)
  /// 608, final: A file that was given as input is not readable as what it should be.
  public static let invalidInput = ClientError.Code(ErrorCode.invalidInput)
  /// 620, final: The task that waited for the answer was cancelled. A command that it had given may
  /// still be done.
  public static let cancelled = ClientError.Code(ErrorCode.cancelled)
  /// 621, temporary: No answer came within the time that the caller had set. A command may still be
  /// done.
  public static let deadlineExceeded = ClientError.Code(ErrorCode.deadlineExceeded)
  /// 622, temporary: The application, asked by the client library for a token, had none to give.
  public static let tokenUnavailable = ClientError.Code(ErrorCode.tokenUnavailable)
  /// 623, final: The outbox could not be read or written. What was to be stored in it was not sent.
  public static let outboxFailed = ClientError.Code(ErrorCode.outboxFailed)
  /// 624, final: Stored bytes of an outbox are not what was written.
  public static let outboxCorrupt = ClientError.Code(ErrorCode.outboxCorrupt)
  /// 625, temporary: Another client has the outbox open.
  public static let outboxInUse = ClientError.Code(ErrorCode.outboxInUse)
  /// 626, final: The outbox holds messages of another user, or for another server's data.
  public static let outboxOfAnother = ClientError.Code(ErrorCode.outboxOfAnother)

  // 63x: TLS.
  /// 630, final: What answers there does not speak TLS.
  public static let tlsPlainServer = ClientError.Code(ErrorCode.tlsPlainServer)
  /// 631, final: The server speaks TLS there, and the client does not.
  public static let tlsRequired = ClientError.Code(ErrorCode.tlsRequired)
  /// 632, final: The server's certificate is signed by nobody whom the client trusts.
  public static let tlsCertificateUntrusted = ClientError.Code(ErrorCode.tlsCertificateUntrusted)
  /// 633, temporary: The server's certificate has expired, or is not valid yet.
  public static let tlsCertificateExpired = ClientError.Code(ErrorCode.tlsCertificateExpired)
  /// 634, final: The server's certificate is for another name than the one that was connected to.
  public static let tlsWrongName = ClientError.Code(ErrorCode.tlsWrongName)
  /// 635, final: The server lets in only clients with a certificate, and this one has none, or none
  /// that it accepts.
  public static let tlsClientCertificate = ClientError.Code(ErrorCode.tlsClientCertificate)
  /// 636, temporary: TLS could not be agreed on, or broke, for a reason that the message names.
  public static let tlsFailed = ClientError.Code(ErrorCode.tlsFailed)

  /// All that this version knows.
  public static let all: [ClientError.Code] = [
    malformedFrame, frameTooLarge, unknownRequestType, outOfOrderFrame, connectDeadline,
    heartbeatMissed, tooManyInFlight, slowConsumer, serverStopping, sessionReplaced,
    deviceDisplaced,
    invalidToken,
    expiredToken, foreignToken, notPermitted, earlyToken, tokenRevoked, invalidID, invalidContent,
    contentTooLarge, invalidRequest, clockAhead, numberConflict, duplicateExpired, groupNotFound,
    groupExists, notAMember, seqPastHead, unknownDevice, unknownUser, messageNotFound,
    messageWasRecalled, recallExpired, blocked, silenced, groupDissolved, notInvited,
    tooManyAmendments, receiptsOff, deviceForgotten, groupFull, tooManyDevices, tooManyStays,
    numberGap, tooManyRevocations,
    storageFull, storageFailed, partitionReadOnly, logCorrupt, logRolledBack, projectionBehind,
    offsetOutOfRange, overloaded, projectionDiffers, idsExhausted, truncated,
    positionOfAnother, positionNotFound, tooManyPositions, dataFolderMissing,
    dataFolderExists, dataFolderInUse, formatVersion, permissionDenied, epochFenced,
    invalidArgument, unreachable, invalidInput, cancelled, deadlineExceeded, tokenUnavailable,
    outboxFailed, outboxCorrupt, outboxInUse, outboxOfAnother, tlsPlainServer, tlsRequired,
    tlsCertificateUntrusted, tlsCertificateExpired, tlsWrongName, tlsClientCertificate, tlsFailed,
  ]
}
