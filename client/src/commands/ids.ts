/** Every command of the extension; package.json must contribute exactly these (test/unit/manifest.test.ts). */
export const commandIds = [
  'gastown.makeTownHere', 'gastown.createTown', 'gastown.trustTown', 'gastown.chooseTown',
  'gastown.addRig', 'gastown.removeRig', 'gastown.fastForward',
  'gastown.createBead', 'gastown.showBead', 'gastown.editDescription', 'gastown.writeInEditor', 'gastown.sling', 'gastown.copyId', 'gastown.copyLink',
  'gastown.closeBead', 'gastown.reopenBead', 'gastown.filterBeads', 'gastown.clearBeadFilter', 'gastown.moreBeads',
  'gastown.groupBeadsByState', 'gastown.groupBeadsByEpic', 'gastown.groupBeadsByRig',
  'gastown.createConvoy', 'gastown.launchConvoy', 'gastown.addToConvoy', 'gastown.stageConvoy',
  'gastown.openTerminal', 'gastown.stopAgent', 'gastown.resumeAgent', 'gastown.stopAll', 'gastown.setDefaultAgent',
  'gastown.nudgeAgent', 'gastown.restartSession', 'gastown.endPolecat', 'gastown.restoreSnapshot',
  'gastown.reviewChange', 'gastown.approveChange', 'gastown.requestChanges', 'gastown.landChange', 'gastown.sendReview',
  'gastown.addReviewComment', 'gastown.deleteReviewComment',
  'gastown.startEngine', 'gastown.pauseEngine',
  'gastown.showNeedsAttention', 'gastown.openAttention', 'gastown.acceptCommands', 'gastown.ackEscalation', 'gastown.closeEscalation',
  'gastown.askMayor', 'gastown.startMayor', 'gastown.replyMail', 'gastown.ackMail', 'gastown.addCrew', 'gastown.startCrew', 'gastown.removeCrew',
  'gastown.showOverview', 'gastown.restartServer', 'gastown.openLog', 'gastown.showLanguageLog', 'gastown.openWalkthrough', 'gastown.putOnPath',
] as const;

export type CommandId = (typeof commandIds)[number];
